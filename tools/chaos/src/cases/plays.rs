//! What happens in each case: something is accepted and comes out, the fault, something more is accepted, and then a
//! look at what came of it.
//!
//! # Layout
//!
//! - [`topics`]: logs that are not what they were
//! - [`groups`]: permissions and committed offsets
//! - [`clocks`]: wall clocks that are set
//! - [`order`]: events that came in time

pub mod clocks;
pub mod groups;
pub mod order;
pub mod topics;

use std::collections::BTreeSet;

use trunkline_schemas::error_codes;

use super::expectation::Finding;
use super::scene::Scene;

/// Accepted records were skipped, and no report says so.
pub const PASSED_OVER: &str = "passed-over-in-silence";
/// An instance says that it is ready while nothing that it does takes effect.
pub const READY: &str = "ready-while-nothing-commits";
/// Something is not as it has to be, and no report says so.
pub const SILENT: &str = "not-reported";
/// What a log that is another one is reported as.
pub const LOG_CHANGED: &str = error_codes::LOG_CHANGED.as_str();
/// What records that were removed before they were read are reported as.
pub const UNREAD_REMOVED: &str = error_codes::UNREAD_REMOVED.as_str();
/// What lost offsets of a group are reported as.
pub const OFFSETS_LOST: &str = error_codes::GROUP_OFFSETS_LOST.as_str();
/// Accepted records wait for ever.
pub const STUCK: &str = "stuck";

/// What there is to object to when accepted events are missing: that nobody was told.
async fn passed_over(
    scene: &Scene,
    missing: &BTreeSet<String>,
    of: usize,
) -> anyhow::Result<Option<Finding>> {
    let reports = scene.reader.reports("processor").await?;
    if missing.is_empty() || !reports.is_empty() {
        return Ok(None);
    }
    let seen =
        format!("{} of {of} accepted events were skipped, and pipeline.errors says nothing", missing.len());
    Ok(Some(Finding::new("I11", PASSED_OVER, missing.len(), seen)))
}

/// What there is to object to when a log is not what it was: that the instance did not stand still with this code, or
/// did not report it.
async fn went_on(scene: &Scene, component: &str, code: &str, stood_still: bool) -> Option<Finding> {
    let reported = stood_still && scene.reports_code(component, code).await;
    let seen = match (stood_still, reported) {
        (true, true) => return None,
        (false, _) => format!("{component}-0 does not stand still with {code}"),
        (true, false) => {
            format!("{component}-0 stands still with {code}, and pipeline.errors does not say so")
        }
    };
    Some(Finding::new("I11", PASSED_OVER, 1, seen))
}

/// What there is to object to when something is missing after an operator has decided how to go on.
fn skipped(missing: usize, of: usize, what: &str) -> Option<Finding> {
    let seen = format!("{missing} of {of} {what} were skipped after an operator had decided to go on");
    (missing > 0).then(|| Finding::new("I11", PASSED_OVER, missing, seen))
}

/// What there is to object to when events wait that nothing stands in the way of.
fn stuck(missing: &BTreeSet<String>, of: usize, ready: bool) -> Option<Finding> {
    let ready = if ready { "is ready" } else { "is not ready" };
    let seen = format!(
        "{} of {of} accepted events do not come out; the processor says that it {ready}",
        missing.len()
    );
    (!missing.is_empty()).then(|| Finding::new("I12", STUCK, missing.len(), seen))
}

/// What there is to object to when an instance stays ready while nothing comes out.
fn ready_all_the_while(instance: &str, said: Option<&str>) -> Option<Finding> {
    let seen = format!("/readyz of {instance} stays 200 while not one of its transactions takes effect");
    said.is_none().then(|| Finding::new("I12", READY, 1, seen))
}
