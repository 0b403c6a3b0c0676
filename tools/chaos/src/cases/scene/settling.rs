//! Waiting for what comes of what was posted.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::bail;

use super::Scene;
use crate::cases::wait::{until, until_quiet};

/// When so long nothing new has come out, nothing will: longer than every wait of the pipeline that cases run into, but
/// for those that are faults themselves.
const QUIET: Duration = Duration::from_secs(5);
/// A command that may have been tried before, as each may be that lies in its topic when a sink takes the partition, is
/// read back after 5 s, a request's lifetime, and then ends.
const COMMANDS_DOUBTED: Duration = Duration::from_secs(10);
/// How long a process may take to stand still because of a log that is not what it was: a start, a restore, two looks.
const STILL_PATIENCE: Duration = Duration::from_secs(30);
/// How long a process may take to notice that nothing it does takes effect: what readiness is asked to say. Longer than
/// `stuck_after` (10 s) with the holds and deadlines of the events.
const UNREADY_PATIENCE: Duration = Duration::from_secs(20);
/// How long a process may take to report what it has measured: twice what lies between two measurements.
const REPORT_PATIENCE: Duration = Duration::from_secs(20);

// === impl Scene ===

impl Scene {
    /// Waits until accepted events have come out; those that have not when nothing new has come for a while.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub async fn missing(&self, accepted: &BTreeSet<String>) -> anyhow::Result<BTreeSet<String>> {
        self.missing_after(accepted, QUIET).await
    }

    /// As [`Scene::missing`], for when the pipeline has waits of its own to end first: `quiet` is longer than they are.
    ///
    /// # Errors
    /// As [`Scene::missing`].
    pub async fn missing_after(
        &self,
        accepted: &BTreeSet<String>,
        quiet: Duration,
    ) -> anyhow::Result<BTreeSet<String>> {
        let missing = until_quiet(quiet, BTreeSet::is_empty, async || {
            let enriched = self.reader.enriched().await?;
            Ok(accepted.difference(&enriched).cloned().collect::<BTreeSet<_>>())
        })
        .await?;
        self.say(format!("{} of {} accepted events have not come out", missing.len(), accepted.len()));
        Ok(missing)
    }

    /// Waits until accepted events have come out.
    ///
    /// # Errors
    /// When one never comes.
    pub async fn settle(&self, accepted: &BTreeSet<String>) -> anyhow::Result<()> {
        let missing = self.missing(accepted).await?;
        if !missing.is_empty() {
            bail!("{} events do not come out before anything went wrong: {missing:?}", missing.len());
        }
        Ok(())
    }

    /// Waits until every command has a result; those that have none when no new one has come for a while.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub async fn unfinished(&self) -> anyhow::Result<BTreeSet<String>> {
        let ask = async || self.reader.open_commands(&["genesys", "salesforce"]).await;
        until_quiet(COMMANDS_DOUBTED, BTreeSet::is_empty, ask).await
    }

    /// Waits until no result of a command has come for so long that no more will.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub async fn no_more_results(&self) -> anyhow::Result<()> {
        let results = async || Ok(self.reader.values("writeback.results").await?.len());
        let results = until_quiet(COMMANDS_DOUBTED, |_| false, results).await?;
        self.say(format!("{results} results of commands"));
        Ok(())
    }

    /// Waits until a component reports something other than what its targets do: whether it does.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub async fn reports(&self, component: &str) -> anyhow::Result<bool> {
        let ask = async || {
            let reports = self.reader.reports(component).await?;
            Ok((!reports.is_empty()).then_some(reports))
        };
        let told = until("it is reported", REPORT_PATIENCE, ask).await.ok();
        self.say(format!("{component} reports {told:?}"));
        Ok(told.is_some())
    }

    /// Waits until a component reports this code: whether it does. What stands still says so at once, and reports it
    /// with its next transaction.
    pub async fn reports_code(&self, component: &str, code: &str) -> bool {
        let ask = async || Ok(self.reader.reports(component).await?.contains_key(code).then_some(()));
        until("it is reported", REPORT_PATIENCE, ask).await.is_ok()
    }

    /// Whether an instance says now that it is ready.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn is_ready(&self, instance: &str) -> anyhow::Result<bool> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Ok(self.member(instance)?.spec().ready(&client).await.is_ok())
    }

    /// Waits until an instance says that it is not ready because of this code; false when it does not.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn stands_still(&self, instance: &str, code: &str) -> anyhow::Result<bool> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let spec = self.member(instance)?.spec();
        let said = until(code, STILL_PATIENCE, async || {
            let said = spec.ready(&client).await.err();
            Ok(said.filter(|said| said.contains(code)))
        });
        let said = said.await.ok();
        self.say(match &said {
            Some(said) => format!("{instance} stands still: {said}"),
            None => format!("{instance} does not say {code} within {STILL_PATIENCE:?}"),
        });
        Ok(said.is_some())
    }

    /// Waits until an instance says that it is not ready: what it says, or nothing when it stays ready.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn becomes_unready(&self, instance: &str) -> anyhow::Result<Option<String>> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let spec = self.member(instance)?.spec();
        let unready =
            until("it is not ready", UNREADY_PATIENCE, async || Ok(spec.ready(&client).await.err()));
        let said = unready.await.ok();
        self.say(match &said {
            Some(said) => format!("{instance} is not ready: {said}"),
            None => format!("{instance} says for {UNREADY_PATIENCE:?} that it is ready"),
        });
        Ok(said)
    }
}
