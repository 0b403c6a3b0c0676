//! Profiles: of strangers, changed, older than they say.

use trunkline_verifier::evidence::{Enriched, Evidence, ProfileFields};

use super::Forgery;
use crate::dice::Dice;

fn some(evidence: &mut Evidence, dice: &mut Dice, wanted: impl Fn(&Enriched) -> bool) -> Option<usize> {
    let found: Vec<usize> =
        (0..evidence.enriched.len()).filter(|index| wanted(&evidence.enriched[*index])).collect();
    dice.pick(&found).copied()
}

fn with_profile(evidence: &mut Evidence, dice: &mut Dice) -> Option<usize> {
    some(evidence, dice, |event| event.profile.is_some())
}

fn record(evidence: &Evidence, dice: &mut Dice) -> Option<usize> {
    let all: Vec<usize> = (0..evidence.profiles.len()).collect();
    dice.pick(&all).copied()
}

/// Changes the profile of a customer wherever it is told: only the answers of the systems give it away.
fn everywhere(evidence: &mut Evidence, customer: &str, change: impl Fn(&mut ProfileFields)) {
    let of_events = evidence.enriched.iter_mut().filter_map(|event| event.profile.as_mut());
    let of_records = evidence.profiles.iter_mut().map(|record| &mut record.fields);
    of_events.chain(of_records).filter(|fields| fields.customer_id == customer).for_each(change);
}

pub const STRANGER: Forgery = Forgery {
    name: "an event has the profile of a stranger",
    breaks: "profiles",
    forge: |evidence, dice| {
        let index = with_profile(evidence, dice)?;
        let own = evidence.enriched[index].profile.clone()?;
        let other = some(evidence, dice, |event| {
            event.profile.as_ref().is_some_and(|profile| profile.customer_id != own.customer_id)
        })?;
        evidence.enriched[index].profile = evidence.enriched[other].profile.clone();
        Some(())
    },
};

pub const OTHER_BALANCE: Forgery = Forgery {
    name: "an event has another balance than the customer",
    breaks: "profiles",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| {
            event.profile.as_ref().is_some_and(|profile| profile.balance.is_some())
        })?;
        *evidence.enriched[index].profile.as_mut()?.balance.as_mut()? += 1;
        Some(())
    },
};

pub const YOUNGER: Forgery = Forgery {
    name: "a profile says that it is younger",
    breaks: "profiles",
    forge: |evidence, dice| {
        let index = with_profile(evidence, dice)?;
        for source in evidence.enriched[index].enrichment.sources.values_mut() {
            source.age_ms = source.age_ms.map(|age| age - 4);
        }
        // All by the same, so that only the moment gives it away: of the decision, or of the event itself.
        let event = &evidence.enriched[index];
        let decided = evidence.decisions.iter().any(|decision| decision.event_id == event.fact.event_id);
        decided.then_some(())
    },
};

pub const STALE_CALLED_COMPLETE: Forgery = Forgery {
    name: "a complete profile is called stale",
    breaks: "profiles",
    forge: |evidence, dice| {
        let index = with_profile(evidence, dice)?;
        evidence.enriched[index].enrichment.status = "STALE".into();
        Some(())
    },
};

pub const PROFILE_CUT: Forgery = Forgery {
    name: "a profile is cut, and called complete",
    breaks: "profiles",
    forge: |evidence, dice| {
        let index = with_profile(evidence, dice)?;
        evidence.enriched[index].profile = None;
        Some(())
    },
};

pub const NOT_ENRICHED: Forgery = Forgery {
    name: "an event that names a customer was not enriched",
    breaks: "profiles",
    forge: |evidence, dice| {
        let index = with_profile(evidence, dice)?;
        let event = &mut evidence.enriched[index];
        (event.profile, event.enrichment.status) = (None, "SKIPPED".into());
        event.enrichment.sources.clear();
        Some(())
    },
};

pub const NOBODY_ASKED: Forgery = Forgery {
    name: "no event has a profile, and each says that none is known",
    breaks: "profiles",
    forge: |evidence, dice| {
        with_profile(evidence, dice)?;
        for event in evidence.enriched.iter_mut().filter(|event| event.fact.customer_id.is_some()) {
            (event.profile, event.enrichment.status) = (None, "MISSING".into());
            event.enrichment.sources.clear();
        }
        Some(())
    },
};

pub const VALUE_OF_A_SYSTEM_THAT_DID_NOT_ANSWER: Forgery = Forgery {
    name: "a balance is told that SAP never told",
    breaks: "answers-to-lookups",
    forge: |evidence, dice| {
        let customer = evidence.profiles[record(evidence, dice)?].fields.customer_id.clone();
        everywhere(evidence, &customer, |fields| {
            (fields.balance, fields.currency) = (Some(10_000_000_000), Some("EUR".into()));
        });
        for record in evidence.profiles.iter_mut().filter(|record| record.fields.customer_id == customer) {
            let source = record.sources.get_mut("sap")?;
            (source.status, source.fetched_at) = ("TIMEOUT".into(), None);
        }
        Some(())
    },
};

pub const SOURCE_GONE: Forgery = Forgery {
    name: "a profile does not tell of one of its systems",
    breaks: "profiles",
    forge: |evidence, dice| {
        let index = with_profile(evidence, dice)?;
        evidence.enriched[index].enrichment.sources.remove("servicenow")?;
        Some(())
    },
};

pub const RECORDS_FORGED_TOO: Forgery = Forgery {
    name: "a customer's tier is another in events and records alike",
    breaks: "answers-to-lookups",
    forge: |evidence, dice| {
        let customer = evidence.profiles[record(evidence, dice)?].fields.customer_id.clone();
        everywhere(evidence, &customer, |fields| fields.loyalty_tier = Some("PLATINUM".into()));
        Some(())
    },
};

pub const UNKNOWN_AS_ZERO: Forgery = Forgery {
    name: "a balance that nobody knows is told as 0",
    breaks: "answers-to-lookups",
    forge: |evidence, dice| {
        let unknown: Vec<String> = evidence
            .profiles
            .iter()
            .filter(|record| record.fields.balance.is_none())
            .map(|record| record.fields.customer_id.clone())
            .collect();
        let customer = dice.pick(&unknown)?.clone();
        everywhere(evidence, &customer, |fields| {
            (fields.balance, fields.currency) = (Some(0), Some("EUR".into()));
        });
        for record in evidence.profiles.iter_mut().filter(|record| record.fields.customer_id == customer) {
            record.sources.get_mut("sap")?.status = "OK".into();
        }
        for event in
            evidence.enriched.iter_mut().filter(|event| event.fact.customer_id.as_ref() == Some(&customer))
        {
            if let Some(source) = event.enrichment.sources.get_mut("sap") {
                source.status = "OK".into();
            }
        }
        Some(())
    },
};

pub const FETCHED_AT_ANOTHER_TIME: Forgery = Forgery {
    name: "a record says that it was fetched when nobody asked",
    breaks: "answers-to-lookups",
    forge: |evidence, dice| {
        let index = record(evidence, dice)?;
        let source = evidence.profiles[index].sources.get_mut("salesforce")?;
        *source.fetched_at.as_mut()? += 3_600_000;
        Some(())
    },
};

pub const INTERACTION_OUT_OF_NOWHERE: Forgery = Forgery {
    name: "a customer interacted when no conversation ended",
    breaks: "answers-to-lookups",
    forge: |evidence, dice| {
        let customer = evidence.profiles[record(evidence, dice)?].fields.customer_id.clone();
        everywhere(evidence, &customer, |fields| fields.last_interaction = Some(12_345));
        Some(())
    },
};

pub const RECORD_UNDER_ANOTHER_KEY: Forgery = Forgery {
    name: "a profile lies under another customer's key",
    breaks: "answers-to-lookups",
    forge: |evidence, dice| {
        let index = record(evidence, dice)?;
        evidence.profiles[index].key = "C-999999".into();
        Some(())
    },
};
