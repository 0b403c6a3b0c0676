//! Records of `customer.profiles` against what the outside systems answered, as their audit logs have it.

use std::collections::{BTreeSet, HashMap};

use super::found::Found;
use super::names::{Names, only_record};
use super::shared::Shared;
use crate::configuration::EnrichmentRules;
use crate::evidence::{Call, Enriched, ProfileFields, ProfileRecord, ProfileSource, ProfileSourcePart};
use crate::judge::systems::{Said, of_profiles, said, says_anything};
use crate::report::Verdict;

/// What was answered about each customer, by system.
pub(super) struct Answers<'a> {
    by_customer: HashMap<(&'a str, &'a str), Vec<Answer<'a>>>,
    /// Searches of the directory that found several, by the customer whose address was asked for.
    shared: HashMap<&'a str, Vec<Shared>>,
    number: usize,
    /// By which the systems were asked, where the configuration was given.
    rules: Option<&'a EnrichmentRules>,
}

/// One answer to a lookup.
struct Answer<'a> {
    /// When it was on its way; UTC milliseconds.
    at: f64,
    /// What was asked.
    asked: &'a str,
    /// What it says; `None` for what leads to other questions, and for what cannot be read.
    said: Option<Said>,
    /// Whether it has one record and no more.
    has_one: bool,
}

/// What a record has of one source.
struct Heard<'r> {
    /// Its configured name.
    name: &'r str,
    system: &'r str,
    status: &'r str,
    fetched_at: Option<i64>,
    fields: ProfileFields,
}

/// How long after an answer was on its way its receiver may have stamped it, in milliseconds: a process that
/// gets no processor for a while stamps late. Another answer within it counts as well, so it is not more than
/// that takes.
const STAMPED_WITHIN_MS: f64 = 5_000.0;
/// How much before it, by clocks that differ a little.
const STAMPED_EARLY_MS: f64 = 100.0;

// === impl Answers ===

impl<'a> Answers<'a> {
    pub(super) fn new(
        calls: &'a [Call],
        customers: impl Iterator<Item = &'a str>,
        rules: Option<&'a EnrichmentRules>,
    ) -> Self {
        let region = rules.and_then(EnrichmentRules::country);
        let names = Names::new(calls, customers, region);
        let mut by_customer: HashMap<(&str, &str), Vec<Answer<'_>>> = HashMap::new();
        let mut shared: HashMap<&str, Vec<Shared>> = HashMap::new();
        let mut number = 0;
        for call in calls.iter().filter(|call| call.method.eq_ignore_ascii_case("GET")) {
            let Some(at) = call.finished_at else { continue };
            for customer in names.in_question(&call.path) {
                number += usize::from(call.answer.is_some());
                let has_one = call.succeeded() && only_record(call).is_some();
                let answer = Answer { at, asked: &call.path, said: said(call), has_one };
                by_customer.entry((call.system.as_str(), customer)).or_default().push(answer);
            }
            if let Some(found) = Found::of(call, region).and_then(|found| Shared::of(&found, at)) {
                for customer in names.looked_up(call) {
                    shared.entry(customer).or_default().push(found.clone());
                }
            }
        }
        Self { by_customer, shared, number, rules }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.number
    }

    /// Judges a record; `interactions` are the times at which conversations of its customer ended.
    pub(super) fn judge(&self, record: &'a ProfileRecord, interactions: &[i64], verdict: &mut Verdict) {
        let customer = record.fields.customer_id.as_str();
        let place = record.place;
        if record.key != customer {
            verdict
                .object("relabelled", || format!("customer.profiles {place}: the key is not its customer"));
        }
        // Where a record has parts, its flat fields are theirs.
        for system in of_profiles().filter(|_| record.parts.is_empty()) {
            // One that is not told of was not asked, as nothing leads to what it knows the customer by.
            if !record.sources.contains_key(system) && says_anything(system, &record.fields) {
                verdict.object("unanswered", || {
                    format!("customer.profiles {place}: it has something from {system}, and does not tell of asking it")
                });
            }
        }
        for heard in Heard::all(record) {
            self.judge_heard(&heard, record, verdict);
        }
        if let Some(at) = record.fields.last_interaction
            && !interactions.contains(&at)
            && !self.accounts(customer).any(|activity| activity == at)
        {
            verdict.object("interaction", || {
                format!("customer.profiles {place}: at {at} no conversation of its customer ended, and no CRM tells of an activity")
            });
        }
    }

    /// Judges what a record has of one source.
    fn judge_heard(&self, heard: &Heard<'a>, record: &'a ProfileRecord, verdict: &mut Verdict) {
        let Heard { name, system, status, fetched_at, fields } = heard;
        let (customer, place) = (record.fields.customer_id.as_str(), record.place);
        if (fetched_at.is_none() || *status == "NOT_FOUND") && says_anything(system, fields) {
            verdict.object("unanswered", || {
                format!("customer.profiles {place}: it has something from {name}, which never told of that customer")
            });
        }
        // What other systems answer is not known here.
        let Some(fetched_at) = fetched_at.filter(|_| of_profiles().any(|one| one == *system)) else { return };
        verdict.count("profile_sources_compared", 1);
        let candidates = self.by_customer.get(&(*system, customer)).map_or([].as_slice(), Vec::as_slice);
        let then = |at: f64| (-STAMPED_EARLY_MS..=STAMPED_WITHIN_MS).contains(&(fetched_at as f64 - at));
        let answered: Vec<&Answer<'_>> = candidates.iter().filter(|answer| then(answer.at)).collect();
        let is_shared = self.is_shared(customer, name, then);
        if let Some(resolution) = record.resolutions.get(*name)
            && !follows(resolution, &answered, is_shared)
        {
            verdict.object("resolution", || {
                format!(
                    "customer.profiles {place}: {name} is {resolution}, which does not follow from what {system} and \
                     the directory answered about that customer then"
                )
            });
        }
        // Whoever a contact leads nowhere is known to nobody: no other system was asked.
        let leads_nowhere = || self.is_no_number_of(customer, name) || self.leads_nowhere(customer, then);
        if *status == "NOT_FOUND" && candidates.is_empty() && leads_nowhere() {
            return;
        }
        // None of several numbers was asked for, and it is none of them for sure.
        if *status == "NOT_FOUND" && is_shared {
            return;
        }
        if !answered.iter().any(|answer| answer.agrees(status, fields)) {
            verdict.object("unanswered", || {
                format!(
                    "customer.profiles {place}: what it has from {name}, fetched at {fetched_at}, is not what {system} \
                     answered about that customer then ({} answers in all)",
                    candidates.len()
                )
            });
        }
    }

    /// Judges what an event without a profile says of who is meant, by all that was ever answered: the event does not
    /// tell when its sources were asked, but how long before.
    pub(super) fn judge_event(&self, event: &Enriched, customer: &str, verdict: &mut Verdict) {
        for (name, source) in event.enrichment.sources.iter().filter(|(_, source)| source.age_ms.is_some()) {
            let Some(resolution) = source.resolution.as_deref() else { continue };
            // What other systems answer is not known here.
            let Some(system) = of_profiles().find(|system| *system == source.system) else { continue };
            verdict.count("event_resolutions_compared", 1);
            // A system that only ever failed has not answered.
            let of_system = self.by_customer.get(&(system, customer)).into_iter().flatten();
            let answered: Vec<&Answer<'_>> = of_system.filter(|answer| answer.tells()).collect();
            let is_shared = self.is_shared(customer, name, |_| true);
            // Of whom nothing was ever answered is nobody only where there was no question to ask.
            let had_no_question = || {
                is_shared || self.is_no_number_of(customer, name) || self.leads_nowhere(customer, |_| true)
            };
            let is_unknown = resolution == "NONE" && answered.is_empty() && !had_no_question();
            let may_follow =
                || [is_shared, false].iter().any(|shared| follows(resolution, &answered, *shared));
            if is_unknown || !may_follow() {
                verdict.object("resolution", || {
                    format!(
                        "event {} at {}: {name} is {resolution}, which does not follow from anything that {system} and \
                         the directory ever answered about its customer",
                        event.fact.event_id, event.fact.place
                    )
                });
            }
        }
    }

    /// Whether a customer's id is a number, and by the configuration none of this system's.
    fn is_no_number_of(&self, customer: &str, system: &str) -> bool {
        let is_number = !customer.contains('@')
            && !customer.starts_with('+')
            && !customer.starts_with("tel:")
            && !is_uuid(customer);
        let numbers = self.rules.and_then(|rules| rules.numbers.as_ref());
        is_number && numbers.is_some_and(|numbers| !numbers.contains(system))
    }

    /// Whether Genesys said then that there is no such contact, or that no other system has a number of it.
    fn leads_nowhere(&self, customer: &'a str, then: impl Fn(f64) -> bool) -> bool {
        let contacts = self.by_customer.get(&("genesys", customer)).into_iter().flatten();
        contacts.filter(|answer| then(answer.at)).any(|answer| answer.said == Some(Said::Nothing))
    }

    /// Whether Genesys said then that several contacts have the address by which the customer is known, each with a
    /// number of its own at the target: none is chosen, and the target is not asked.
    fn is_shared(&self, customer: &'a str, target: &str, then: impl Fn(f64) -> bool) -> bool {
        let source = match self.rules {
            Some(rules) if !rules.by.contains("number") => return false,
            Some(rules) => match rules.directory_sources.get(target) {
                Some(source) => Some(source.as_str()),
                None => return false,
            },
            None => None,
        };
        let searches = self.shared.get(customer).into_iter().flatten();
        searches.filter(|search| then(search.at)).any(|search| search.is_of_several(source))
    }

    /// Times of activity that Salesforce told of.
    fn accounts(&self, customer: &'a str) -> impl Iterator<Item = i64> {
        let answers = self.by_customer.get(&("salesforce", customer)).into_iter().flatten();
        answers.filter_map(|answer| match &answer.said {
            Some(Said::Account { last_activity, .. }) => *last_activity,
            _ => None,
        })
    }
}

// === impl Answer ===

impl Answer<'_> {
    /// Whether it is about one customer of the system: by a number, also where nothing belongs to that.
    fn is_of_one(&self) -> bool {
        self.has_one || !matches!(self.said, None | Some(Said::Nothing | Said::Several))
    }

    /// Whether it tells anything, be it only what to ask next.
    fn tells(&self) -> bool {
        self.has_one || self.said.is_some()
    }

    /// Whether it says that nobody fits. A call that failed, was refused or cannot be read says nothing of anybody.
    fn is_of_nobody(&self) -> bool {
        !self.has_one && matches!(self.said, Some(Said::Nothing | Said::NothingOpen | Said::Tickets(0)))
    }

    /// Whether a record with this status and these fields can come from this answer. A system that failed
    /// this time keeps what it said before, with the time of then: so the status is only compared where it
    /// says that the system answered.
    fn agrees(&self, status: &str, fields: &ProfileFields) -> bool {
        let Some(said) = &self.said else { return false };
        match said {
            Said::Nothing => status != "OK",
            Said::NothingOpen => !says_anything("sap", fields),
            // Of nobody in particular: whatever comes of it, it is not what one of them is known by.
            Said::Several => status != "OK",
            Said::Account { name, tier, .. } => {
                status != "NOT_FOUND" && *name == fields.account_name && *tier == fields.loyalty_tier
            }
            Said::Balances(balances) => {
                // One balance where there is one currency.
                let single = balances.first_key_value().filter(|_| balances.len() == 1);
                let flat = fields.currency.as_ref().zip(fields.balance.as_ref());
                status != "NOT_FOUND" && *balances == fields.balances && flat == single
            }
            // No tickets of somebody whom nobody knows are no knowledge.
            Said::Tickets(0) if status != "OK" && fields.open_tickets.is_none() => true,
            Said::Tickets(count) => status != "NOT_FOUND" && fields.open_tickets == Some(*count),
        }
    }
}

/// Whether it can be found out of these answers that one customer of a system is meant (`EXACT`), several are
/// (`AMBIGUOUS`), or nobody is (`NONE`); `is_shared`: contacts that share the address have several numbers there.
fn follows(resolution: &str, answered: &[&Answer<'_>], is_shared: bool) -> bool {
    let of_one: BTreeSet<&str> =
        answered.iter().filter(|answer| answer.is_of_one()).map(|answer| answer.asked).collect();
    match resolution {
        "EXACT" => !is_shared && !of_one.is_empty(),
        // Two keys of one kind may lead to one each.
        "AMBIGUOUS" => {
            is_shared || of_one.len() > 1 || answered.iter().any(|answer| answer.said == Some(Said::Several))
        }
        "NONE" => !is_shared && (answered.is_empty() || answered.iter().any(|answer| answer.is_of_nobody())),
        _ => false,
    }
}

/// A UUID as RFC 9562 writes it: what contacts have.
fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    let fits =
        |(at, byte): (usize, u8)| if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

// === impl Heard ===

impl<'r> Heard<'r> {
    /// What a record has of each source: of its part, or what of the flat fields is its system's.
    fn all(record: &'r ProfileRecord) -> Vec<Self> {
        if record.parts.is_empty() {
            record.sources.iter().map(|(name, source)| Self::of_source(name, source, record)).collect()
        } else {
            record.parts.iter().map(Self::of_part).collect()
        }
    }

    fn of_source(name: &'r str, source: &'r ProfileSource, record: &ProfileRecord) -> Self {
        let (status, fetched_at) = (source.status.as_str(), source.fetched_at);
        Self { name, system: name, status, fetched_at, fields: record.fields.clone() }
    }

    fn of_part(part: &'r ProfileSourcePart) -> Self {
        let mut fields = part.fields.clone();
        let single = fields.balances.first_key_value().filter(|_| fields.balances.len() == 1);
        (fields.currency, fields.balance) =
            single.map(|(currency, amount)| (currency.clone(), *amount)).unzip();
        let (status, fetched_at) = (part.status.as_str(), part.fetched_at);
        Self { name: &part.source, system: &part.system, status, fetched_at, fields }
    }
}

#[cfg(test)]
mod tests;
