//! Calls to plugins: what tasks ask goes to their threads, and what the threads answer comes back; what they want
//! looked up goes to the sources.

use trunkline_partition::plugins::{Command, Notice, Plugins, Settled, StateChange};
use trunkline_partition::state::StateError;
use trunkline_partition::{Context, Task};

use super::plugin_reports::PluginReports;
use super::ports::{PluginLookups, PluginThreads};

/// The plugins, with their threads.
pub(super) struct PluginCalls {
    plugins: Plugins,
    threads: Box<dyn PluginThreads>,
    lookups: Box<dyn PluginLookups>,
    reporting: PluginReports,
}

// === impl PluginCalls ===

impl PluginCalls {
    /// Calls to these plugins on these threads, which have sources looked up there.
    pub(super) fn new(
        plugins: Plugins,
        threads: Box<dyn PluginThreads>,
        lookups: Box<dyn PluginLookups>,
        reporting: PluginReports,
    ) -> Self {
        Self { plugins, threads, lookups, reporting }
    }

    /// Asks what a task wants asked. Where nobody need be waited for, the task goes on at once.
    pub(super) fn consult(
        &mut self,
        partition: i32,
        task: &mut Task,
        ctx: &mut Context<'_>,
    ) -> Result<(), StateError> {
        loop {
            let requests = task.take_plugin_requests();
            if requests.is_empty() {
                return Ok(());
            }
            for request in requests {
                let number = request.number;
                let answers = self.plugins.ask(partition, request, ctx.now);
                self.carry_out();
                if let Some(answers) = answers {
                    task.plugins_answered(number, answers, ctx)?;
                }
            }
        }
    }

    /// The requests that need not wait any longer at `now` (UTC milliseconds).
    pub(super) fn take_settled(&mut self, now: i64) -> Vec<Settled> {
        while let Some(message) = self.threads.next_message() {
            self.plugins.take_in(message, now);
        }
        while let Some(looked_up) = self.lookups.next_answer() {
            self.plugins.looked_up(looked_up, now);
        }
        let settled = self.plugins.poll(now);
        self.carry_out();
        settled
    }

    /// Nobody waits any more for what a partition's task asked.
    pub(super) fn let_go(&mut self, partition: i32) {
        self.plugins.forget(partition);
    }

    /// Reports what happened since the last call. Returns which plugins were turned off or on.
    pub(super) fn report(&mut self) -> Vec<StateChange> {
        let notices = self.plugins.take_notices();
        notices.iter().for_each(|notice| self.reporting.notice(notice));
        notices.into_iter().filter_map(Notice::into_change).collect()
    }

    /// Brings the metrics up to date.
    pub(super) fn count(&self) {
        self.reporting.standings(&self.plugins);
    }

    fn carry_out(&mut self) {
        for command in self.plugins.take_commands() {
            match command {
                Command::LookUp(order) => self.lookups.look_up(order),
                Command::Ask { plugin, question } => self.threads.ask(plugin, question),
                Command::Replace { plugin, thread } => {
                    if let Err(reason) = self.threads.replace(plugin, thread) {
                        self.plugins.not_replaced(plugin, &reason);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
