//! `customers`: who can be found was found, and who cannot be told apart was not guessed; judged where it is known what
//! leads from the ids in events to the records of the outside systems.
//!
//! A customer can be found whom at least one system knows by something that leads to nobody else, and of whom no system
//! knows several. The search is played over the leads as the documentation describes it (docs/identity.md): by the
//! number that is a system's own, else by phone, else by e-mail; the first of them that fits exactly one customer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::configuration::EnrichmentRules;
use crate::conversation::subjects;
use crate::evidence::lead::{Lead, SystemLead};
use crate::evidence::{Call, Enriched, Evidence, ProfileRecord};
use crate::judge::systems::system;
use crate::report::{Verdict, counted};

/// Of a thousand customers who can be found, so many have a complete profile in the end, unless something is broken on
/// purpose.
pub const COMPLETE_PER_THOUSAND: u64 = 950;

/// What a search by some leads comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// One customer. By the number alone only what belongs to it is read, not whether there is such a customer.
    Exact {
        by_number: bool,
    },
    Ambiguous,
    None,
}

/// Judges who was found in the systems that are asked by the configuration (all of the leads where there is none); they
/// are configured by their own names; where `undisturbed`, also how many were.
pub fn judge(
    evidence: &Evidence,
    leads: &[Lead],
    rules: Option<&EnrichmentRules>,
    undisturbed: bool,
) -> Verdict {
    let mut verdict = Verdict::new("customers");
    let (records, events) = (Records::of(&evidence.profiles), last_events(&evidence.enriched, rules));
    let asked = |system: &str| rules.is_none_or(|rules| rules.sources.contains_key(system));
    let mut needed: BTreeMap<&str, u64> = BTreeMap::new();
    let [mut seen, mut resolvable, mut complete, mut ambiguous, mut reported] = [0; 5];
    for lead in leads {
        let Some(event) = events.get(lead.id.as_str()) else { continue };
        seen += 1;
        let record = records.last(&lead.id);
        let outcomes: BTreeMap<&str, Outcome> = lead
            .systems
            .iter()
            .filter(|(system, _)| asked(system))
            .map(|(system, lead)| (system.as_str(), Outcome::of(lead)))
            .collect();
        for (system, outcome) in &outcomes {
            judge_guess(lead, system, *outcome, record, &mut verdict);
            judge_event(system, *outcome, event, undisturbed, &mut verdict);
        }
        let is_exact = |outcome: &Outcome| matches!(outcome, Outcome::Exact { .. });
        if outcomes.values().any(is_exact) && !outcomes.values().any(|outcome| *outcome == Outcome::Ambiguous)
        {
            resolvable += 1;
            complete += u64::from(is_complete(lead, &outcomes, record, event));
        }
        if outcomes.values().any(|outcome| *outcome == Outcome::Ambiguous) {
            ambiguous += 1;
            let is_reported = |(system, outcome): (&&str, &Outcome)| {
                *outcome != Outcome::Ambiguous || resolution(record, system) == Some("AMBIGUOUS")
            };
            reported += u64::from(outcomes.iter().all(is_reported));
        }
        records.need(lead, &outcomes, &mut needed);
    }
    if undisturbed && complete * 1000 < resolvable * COMPLETE_PER_THOUSAND {
        verdict.object("incomplete", || {
            format!(
                "{complete} of {} who can be found have a complete profile in the end, fewer than {} of 1,000",
                counted(resolvable, "customer"),
                COMPLETE_PER_THOUSAND
            )
        });
    }
    if undisturbed && seen == 0 && !leads.is_empty() && !evidence.enriched.is_empty() {
        verdict.object("nobody", || "no event names a customer whom the world has".to_owned());
    }
    for (name, count) in [
        ("customers.resolvable", resolvable),
        ("customers.complete", complete),
        ("customers.ambiguous", ambiguous),
        ("customers.ambiguous_reported", reported),
    ] {
        verdict.count(name, count);
    }
    count_calls(evidence.calls.as_deref().unwrap_or_default(), &needed, &mut verdict);
    verdict.having_compared(format!(
        "{complete} of {} who can be found complete, {reported} of {} reported",
        counted(resolvable, "customer"),
        counted(ambiguous, "ambiguous one")
    ))
}

/// What was found of somebody of whom nobody or several can be found was guessed.
fn judge_guess(
    lead: &Lead,
    system: &str,
    outcome: Outcome,
    record: Option<&ProfileRecord>,
    verdict: &mut Verdict,
) {
    let Some(record) = record else { return };
    let found = resolution(Some(record), system);
    let is_known = record.sources.get(system).is_some_and(|source| source.status == "OK");
    let is_guess = !matches!(outcome, Outcome::Exact { .. }) && (found == Some("EXACT") || is_known);
    if is_guess {
        verdict.object("guessed", || {
            format!(
                "customer.profiles {}: '{}' leads to no single customer of {system}, and one was chosen",
                record.place, lead.id
            )
        });
    }
    let answered = record.sources.get(system).is_some_and(|source| source.fetched_at.is_some());
    if outcome == Outcome::Ambiguous && answered && found != Some("AMBIGUOUS") && !is_guess {
        verdict.object("unreported", || {
            format!(
                "customer.profiles {}: '{}' fits several customers of {system}, and it does not say so",
                record.place, lead.id
            )
        });
    }
}

/// What a customer's last event says of who is meant in a system follows from the leads, whatever the records say.
/// Where something was broken on purpose, what leads to the customer may not have been known.
fn judge_event(system: &str, outcome: Outcome, event: &Enriched, undisturbed: bool, verdict: &mut Verdict) {
    let stated = event.enrichment.sources.get(system).and_then(|source| source.resolution.as_deref());
    let Some(stated) = stated else { return };
    let is_wrong = match outcome {
        // The number may be one that the system does not have.
        Outcome::Exact { by_number: true } => undisturbed && stated == "AMBIGUOUS",
        Outcome::Exact { by_number: false } => undisturbed && stated != "EXACT",
        Outcome::Ambiguous => stated == "EXACT" || undisturbed && stated != "AMBIGUOUS",
        Outcome::None => stated == "EXACT" || undisturbed && stated != "NONE",
    };
    if is_wrong {
        verdict.object("misjudged", || {
            format!(
                "event {} at {}: {system} is {stated}, and what leads to its customer comes to {outcome:?}",
                event.fact.event_id, event.fact.place
            )
        });
    }
}

/// Whether every system answered in the end as it must, and the customer's last event has all of it.
fn is_complete(
    lead: &Lead,
    outcomes: &BTreeMap<&str, Outcome>,
    record: Option<&ProfileRecord>,
    event: &Enriched,
) -> bool {
    let answered = |(system, outcome): (&&str, &Outcome)| {
        let has_data = lead.systems.get(*system).is_some_and(|lead| lead.has_data);
        let expected = match outcome {
            Outcome::Exact { by_number } if has_data || !by_number => "OK",
            _ => "NOT_FOUND",
        };
        record
            .is_some_and(|record| record.sources.get(*system).is_some_and(|source| source.status == expected))
    };
    event.enrichment.status == "COMPLETE" && outcomes.iter().all(answered)
}

fn resolution<'r>(record: Option<&'r ProfileRecord>, system: &str) -> Option<&'r str> {
    record?.resolutions.get(system).map(String::as_str)
}

/// The last event of each customer whose profile was wanted, by the time of its record.
fn last_events<'a>(
    enriched: &'a [Enriched],
    rules: Option<&EnrichmentRules>,
) -> HashMap<Cow<'a, str>, &'a Enriched> {
    let mut last: HashMap<Cow<'a, str>, &Enriched> = HashMap::new();
    for (event, subject) in enriched.iter().zip(subjects(enriched, rules)) {
        let Some(customer) = subject.filter(|_| event.enrichment.status != "SKIPPED") else { continue };
        let known = last.entry(customer).or_insert(event);
        if event.fact.timestamp > known.fact.timestamp {
            *known = event;
        }
    }
    last
}

/// The records of each customer.
struct Records<'a>(HashMap<&'a str, Vec<&'a ProfileRecord>>);

// === impl Records ===

impl<'a> Records<'a> {
    fn of(profiles: &'a [ProfileRecord]) -> Self {
        let mut records: HashMap<&str, Vec<&ProfileRecord>> = HashMap::new();
        for record in profiles {
            records.entry(&record.fields.customer_id).or_default().push(record);
        }
        Self(records)
    }

    fn of_customer(&self, customer: &str) -> &[&'a ProfileRecord] {
        self.0.get(customer).map_or([].as_slice(), Vec::as_slice)
    }

    fn last(&self, customer: &str) -> Option<&'a ProfileRecord> {
        self.of_customer(customer).last().copied()
    }

    /// Adds how many answers were needed for what the records say was fetched: a whole search the first time and as
    /// often as it finds nobody, and no more than what is read of whoever was found after that.
    fn need(&self, lead: &'a Lead, outcomes: &BTreeMap<&str, Outcome>, needed: &mut BTreeMap<&'a str, u64>) {
        let mut searches = 0;
        for (system, of_system) in &lead.systems {
            let Some(outcome) = outcomes.get(system.as_str()) else { continue };
            let fetched: BTreeSet<i64> = self
                .of_customer(&lead.id)
                .iter()
                .filter_map(|record| record.sources.get(system)?.fetched_at)
                .collect();
            // One whose answer never came was asked all the same.
            let times = fetched.len().max(1) as u64;
            let (first, again) = (search_calls(system, of_system), again_calls(system, *outcome));
            let searched = if again.is_some() { times.min(1) } else { times };
            *needed.entry(system).or_default() +=
                searched * first + (times - searched) * again.unwrap_or_default();
            searches = searches.max(searched);
        }
        *needed.entry("genesys").or_default() += searches * lead.contacts;
    }
}

// === impl Outcome ===

impl Outcome {
    fn of(lead: &SystemLead) -> Self {
        match (lead.number, lead.phone, lead.email) {
            (Some(1), ..) => Self::Exact { by_number: true },
            // Numbers that a directory has for all whom it may be: nothing overrules them.
            (Some(2..), ..) => Self::Ambiguous,
            (_, Some(1), _) | (_, _, Some(1)) => Self::Exact { by_number: false },
            (_, Some(2..), _) | (_, _, Some(2..)) => Self::Ambiguous,
            _ => Self::None,
        }
    }
}

/// Answers that a whole search takes. What a system is asked for one key is in docs/identity.md.
fn search_calls(system: &str, lead: &SystemLead) -> u64 {
    if let Some(numbers) = lead.number {
        return numbers;
    }
    let by_phone = lead.phone.map_or(0, |fitting| key_calls(system, fitting));
    let by_email =
        lead.email.filter(|_| lead.phone != Some(1)).map_or(0, |fitting| key_calls(system, fitting));
    by_phone + by_email
}

/// Answers to a search by a phone number or an e-mail address that fits so many.
fn key_calls(name: &str, fitting: u64) -> u64 {
    system(name).map_or(1, |system| match fitting {
        0 => system.search[0],
        1 => system.search[1],
        _ => system.search[2],
    })
}

/// Answers that whoever was found takes from then on; `None` where nobody was, so that the search begins anew.
fn again_calls(name: &str, outcome: Outcome) -> Option<u64> {
    match outcome {
        Outcome::Ambiguous | Outcome::None => None,
        Outcome::Exact { by_number: true } => Some(1),
        Outcome::Exact { by_number: false } => Some(system(name).map_or(2, |system| system.again)),
    }
}

/// Counts the questions that were answered, beside those that were needed.
fn count_calls(calls: &[Call], needed: &BTreeMap<&str, u64>, verdict: &mut Verdict) {
    for (system, needed) in needed {
        let of_system = calls.iter().filter(|call| call.system == *system && is_lookup(call));
        let (answered, failed): (Vec<_>, Vec<_>) =
            of_system.partition(|call| call.succeeded() || call.status == 404);
        verdict.count(format!("lookups.{system}.answered"), answered.len() as u64);
        verdict.count(format!("lookups.{system}.failed"), failed.len() as u64);
        verdict.count(format!("lookups.{system}.needed"), *needed);
    }
}

/// Whether a call asks about a customer: the sink reads what it writes, by other paths.
fn is_lookup(call: &Call) -> bool {
    let path = call.path.split('?').next().unwrap_or_default();
    let is_question = system(&call.system).is_none_or(|system| (system.asks_about_customers)(path));
    call.method.eq_ignore_ascii_case("GET") && is_question
}

#[cfg(test)]
mod tests;
