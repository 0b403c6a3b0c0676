//! What was fetched of customers, and what other instances published of them, is taken in.

use trunkline_partition::Output;
use trunkline_schemas::{CustomerProfile, Resolution, SystemIdentity};

use super::{BATCH, Engine, EngineError};
use crate::brokers::ChangelogBrokers;
use crate::metrics;
use crate::state::StateStore;

impl<B: ChangelogBrokers, S: StateStore> Engine<B, S> {
    pub(super) fn take_profiles(&mut self) -> Result<(), EngineError> {
        for fetched in self.lookups.take_answers() {
            let partitions = self.owned();
            if partitions.is_empty() {
                // Nobody could publish it or keep it. Whose event it was for asks again.
                continue;
            }
            let customer = fetched.customer_id.clone();
            for partition in &partitions {
                if self.tasks.known(&customer).is_none() {
                    self.step(*partition, |task, ctx| task.recall_profile(&customer, ctx))?;
                }
            }
            // That several customers may be meant is knowledge as well.
            let is_ambiguous = |identity: &SystemIdentity| identity.resolution == Resolution::Ambiguous;
            let says_anything = |profile: &CustomerProfile| {
                !profile.source_systems.is_empty() || profile.identities.iter().any(is_ambiguous)
            };
            // That nothing is known any more of somebody of whom something was is worth a record.
            let was_known = self.tasks.known(&customer).is_some_and(says_anything);
            let profile = self.tasks.learn(fetched, self.clock.now_ms());
            let mut unpublished = Some(profile).filter(|profile| was_known || says_anything(profile));
            for partition in partitions {
                let output = unpublished.take().map(Output::Profile);
                self.step(partition, |task, ctx| {
                    output.into_iter().for_each(|output| task.publish(output));
                    task.profile_learned(&customer, ctx)
                })?;
            }
        }
        Ok(())
    }

    /// Takes in what other instances published of the customers who are in memory here, and tells again whole what only
    /// some of the records say.
    pub(super) fn take_records_of_profiles(&mut self) -> Result<(), EngineError> {
        let now = self.clock.now_ms();
        for _ in 0..BATCH {
            let Some((customer, record)) = self.profile_records.next() else { break };
            let Some(record) = record else {
                self.tasks.forget_profile(&customer, now);
                self.lookups.forget(&customer);
                self.retelling.forget(&customer);
                for partition in self.owned() {
                    self.step(partition, |task, ctx| task.forget_profile(&customer, ctx))?;
                }
                continue;
            };
            let taken = self.tasks.told(record, now);
            self.retelling.told(&customer, taken, now);
            for partition in self.owned().into_iter().filter(|_| taken.is_new) {
                self.step(partition, |task, ctx| task.keep_profile_again(&customer, ctx))?;
            }
        }
        for customer in self.retelling.take_due(now, BATCH) {
            // Without a partition nothing can be published: whoever has them reads the same records.
            let Some(partition) = self.owned().first().copied() else { return Ok(()) };
            let Some(profile) = self.tasks.known(&customer).cloned() else { continue };
            metrics::profile_retold();
            self.step(partition, |task, _| {
                task.publish(Output::Profile(profile));
                Ok(())
            })?;
        }
        Ok(())
    }
}
