//! What the brokers keep about their clients: permissions, and how far a group has read.

use std::time::Duration;

use crate::cases::calls::Calls;
use crate::cases::expectation::Finding;
use crate::cases::plays::{OFFSETS_LOST, PASSED_OVER, passed_over, ready_all_the_while};
use crate::cases::scene::Scene;

/// The processor waits up to five seconds before it tries a transaction again that failed several times.
const LONGER_THAN_A_RETRY: Duration = Duration::from_secs(15);

type Findings = anyhow::Result<Vec<Finding>>;

/// See the case `permission-gone`.
///
/// # Errors
/// When it cannot be played.
pub async fn permission_gone(scene: &mut Scene) -> Findings {
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let before = scene.load(&Calls::new(0..40)).await?;
    scene.settle(&before).await?;
    let output = scene.named("events.enriched");
    scene.say("writing to events.enriched is forbidden");
    scene.operator.forbid_writing(&output).await?;
    let after = scene.load(&Calls::new(1_000..1_060)).await?;
    let said = scene.becomes_unready("processor-0").await?;
    scene.say("writing to events.enriched is allowed again");
    scene.operator.allow_writing(&output).await?;
    let missing = scene.missing_after(&after, LONGER_THAN_A_RETRY).await?;
    let lost = passed_over(scene, &missing, after.len()).await?;
    Ok(ready_all_the_while("processor-0", said.as_deref()).into_iter().chain(lost).collect())
}

/// See the case `group-offsets-lost`. That no command has two results is the verifier's to see.
///
/// # Errors
/// When it cannot be played.
pub async fn offsets_lost(scene: &mut Scene) -> Findings {
    for instance in ["ingest-0", "processor-0", "sink-0"] {
        scene.start(instance).await?;
    }
    let before = scene.load(&Calls::new(0..40)).await?;
    scene.settle(&before).await?;
    scene.unfinished().await?;
    for instance in ["processor-0", "sink-0"] {
        scene.stop(instance).await?;
    }
    for group in ["trunkline-processor", "trunkline-sink"] {
        scene.operator.delete_group(&scene.named(group)).await?;
    }
    scene.say("the groups are deleted; processor and sink are started again");
    for instance in ["processor-0", "sink-0"] {
        scene.start(instance).await?;
    }
    let after = scene.load(&Calls::new(1_000..1_020)).await?;
    scene.settle(&after).await?;
    scene.no_more_results().await?;
    let mut silent = Vec::new();
    for component in ["processor", "sink"] {
        if !scene.reader.reports(component).await?.contains_key(OFFSETS_LOST) {
            let seen = format!(
                "{component}-0 goes on without its group's offsets, and pipeline.errors says nothing"
            );
            silent.push(Finding::new("I11", PASSED_OVER, 1, seen));
        }
    }
    Ok(silent)
}
