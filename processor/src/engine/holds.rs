//! When holds end of which no record says so.

use super::ends::End;
use super::{Engine, EngineError};
use crate::brokers::ChangelogBrokers;
use crate::state::StateStore;

impl<B: ChangelogBrokers, S: StateStore> Engine<B, S> {
    /// Holds end where everything has been read that was in time; asks whether it has, where they could.
    pub(super) fn learn_ends(&mut self) -> Result<(), EngineError> {
        for End { partition, offset, asked_at } in self.ends.unreached() {
            let waits = self.intake.waits(partition);
            let input = self.input.partition(partition);
            // What is held of a log that will not be read on waits for nothing; and it lies in no log any more.
            let read = self.logs.reads_no_more(&input)
                || self.intake.next_offset(partition).is_some_and(|next| next >= offset);
            // What lies at the end may be no record: the client knows how far it has passed that over.
            if read || !waits && self.brokers.position(&input).is_some_and(|position| position >= offset) {
                self.ends.let_go(partition);
                self.step(partition, |task, ctx| task.read_to_the_end(asked_at, ctx))?;
            }
        }
        let now = self.clock.now_ms();
        self.ends.ask(|| self.tasks.awaiting_the_end(now), now);
        Ok(())
    }

    /// Ends holds early in partitions that pause because of nothing but them: only what is read shows that they are
    /// over.
    pub(super) fn cut_holds_short(&mut self) -> Result<(), EngineError> {
        for partition in self.load.paused() {
            let mut cut = 0_u32;
            while self.tasks.waits_for_holds_alone(partition)
                && self.load.holds_too_much(self.tasks.len(), self.under_way(partition))
            {
                self.step(partition, |task, ctx| task.cut_first_hold_short(ctx))?;
                cut += 1;
            }
            if cut > 0 {
                tracing::warn!(
                    partition,
                    cut,
                    "holds are cut short: more events come within the hold than may be held; what follows may be late. \
                     Raise max_held_events of [processor], or shorten the hold of the source"
                );
            }
        }
        Ok(())
    }
}
