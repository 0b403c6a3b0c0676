//! Records of `customer.profiles` that say less than is known here: told again, whole.
//!
//! The last record of a customer is what readers of a compacted topic keep, and two instances may ask about one
//! customer at once, each with answers that the other did not get. So each instance reads the records of all. One that
//! only together with what is known here says all makes a new record at once. One that is merely older than what is
//! known here is mostly one of our own, read after the next was written; if nothing newer comes within a second, what
//! is known is told again. What two instances write so is the same, and then both have nothing to add.
//!
//! Pure: what is to be told is returned.

use std::collections::BTreeMap;

use trunkline_profiles::TakenIn;

/// So long after a record that says less, one that says all may still be on its way; milliseconds.
const PATIENCE_MS: i64 = 1_000;

/// Customers of whom the last record that was read says less than is known here.
#[derive(Debug, Default)]
pub(super) struct Retelling {
    /// When each is told again, unless another record comes before; UTC milliseconds.
    due: BTreeMap<String, i64>,
}

// === impl Retelling ===

impl Retelling {
    /// Takes note of what a record said, at `now` (UTC milliseconds).
    pub(super) fn told(&mut self, customer: &str, taken: TakenIn, now: i64) {
        match taken {
            TakenIn { lacks: false, .. } => self.forget(customer),
            TakenIn { is_new: false, .. } => {
                self.due.entry(customer.to_owned()).or_insert(now + PATIENCE_MS);
            }
            TakenIn { .. } => {
                self.due.insert(customer.to_owned(), now);
            }
        }
    }

    /// Of this customer nothing is to be told.
    pub(super) fn forget(&mut self, customer: &str) {
        self.due.remove(customer);
    }

    /// At most so many customers to tell of at `now` (UTC milliseconds).
    pub(super) fn take_due(&mut self, now: i64, most: usize) -> Vec<String> {
        let due = self.due.extract_if(.., |_, due| *due <= now);
        due.take(most).map(|(customer, _)| customer).collect()
    }

    /// Forgets all: what was known is not known any more.
    pub(super) fn clear(&mut self) {
        self.due.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use trunkline_profiles::{AskedSource, ProfileData, ProfilePart, Profiles, merge};
    use trunkline_schemas::{CustomerProfile, SourceStatus};
    use trunkline_systems::{ProfileField, System};

    use super::*;

    const CUSTOMER: &str = "C-1";

    const SYSTEMS: [System; 2] = [System::Salesforce, System::Sap];

    /// An instance that has asked for the customer and reads what both write.
    struct Instance {
        profiles: Profiles,
        retelling: Retelling,
        next: usize,
    }

    impl Instance {
        fn new() -> Self {
            let source = |system: System| {
                let name: Arc<str> = system.as_str().into();
                AskedSource { name: name.clone(), system: name, freshness_ms: 30_000 }
            };
            let profiles = Profiles::new(30_000, 10, ProfileField::ALL.into());
            let profiles = profiles.asking(SYSTEMS.map(source).into());
            Self { profiles, retelling: Retelling::default(), next: 0 }
        }

        /// Asks both systems, of which some answer.
        fn fetch(&mut self, answers: [bool; 2], now: i64, log: &mut Vec<CustomerProfile>) {
            let part = |(system, answers): (System, bool)| ProfilePart {
                source: system.as_str().to_owned(),
                system,
                status: if answers { SourceStatus::Ok } else { SourceStatus::Timeout },
                fetched_at: answers.then_some(now),
                latency_ms: 1,
                data: ProfileData { open_tickets: answers.then_some(now as i32), ..ProfileData::default() },
                identity: None,
            };
            let parts: Vec<ProfilePart> = SYSTEMS.into_iter().zip(answers).map(part).collect();
            log.push(self.profiles.learn(merge(CUSTOMER, &parts, now), now));
        }

        /// Reads at most so many records, and tells what is due.
        fn read(&mut self, most: usize, now: i64, log: &mut Vec<CustomerProfile>) {
            for record in log[self.next..].iter().take(most) {
                self.next += 1;
                self.retelling.told(CUSTOMER, self.profiles.take_in(record.clone(), now), now);
            }
            for customer in self.retelling.take_due(now, 9) {
                log.extend(self.profiles.known(&customer).cloned());
            }
        }
    }

    proptest! {
        #[test]
        fn the_last_record_says_all_that_both_were_answered(
            steps in proptest::collection::vec((0_usize..2, any::<[bool; 2]>(), 0_usize..3, 0_i64..700), 1..20)
        ) {
            let mut instances = [Instance::new(), Instance::new()];
            let (mut log, mut now) = (Vec::new(), 1_000);
            instances.iter_mut().for_each(|instance| instance.fetch([false; 2], now, &mut log));
            for (who, answers, most, pass) in steps {
                instances[who].fetch(answers, now, &mut log);
                now += pass;
                instances[1 - who].read(most, now, &mut log);
                for instance in &instances {
                    let known = &instance.profiles.known(CUSTOMER).unwrap().parts;
                    prop_assert!(log.iter().any(|record| record.parts == *known), "what events say was published");
                }
            }
            let mut written = 0;
            for _ in 0..5 {
                written = log.len();
                now += PATIENCE_MS;
                let most = log.len();
                instances.iter_mut().for_each(|instance| instance.read(most, now, &mut log));
            }
            prop_assert_eq!(written, log.len(), "they go on telling each other the same");
            let last = log.last().unwrap();
            for (index, part) in last.parts.iter().enumerate() {
                let latest = log.iter().map(|record| record.parts[index].fetched_at).max();
                prop_assert_eq!(Some(part.fetched_at), latest);
            }
        }
    }

    #[test]
    fn what_neither_said_is_told_at_once_and_what_is_older_only_if_nothing_newer_comes() {
        let mut retelling = Retelling::default();
        let [nothing, older, both] =
            [(false, false), (false, true), (true, true)].map(|(is_new, lacks)| TakenIn { is_new, lacks });
        retelling.told("both", both, 100);
        retelling.told("older", older, 100);
        retelling.told("own", older, 100);
        assert_eq!(retelling.take_due(100, 9), ["both"]);
        retelling.told("own", nothing, 200);
        // Another old one does not put it off.
        retelling.told("older", older, 1_000);
        assert_eq!(retelling.take_due(1_099, 9), [""; 0]);
        assert_eq!(retelling.take_due(1_100, 9), ["older"]);
        assert_eq!(retelling.take_due(i64::MAX, 9), [""; 0]);
    }
}
