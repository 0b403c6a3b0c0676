//! Wall clocks that are set while a process runs.

use std::collections::BTreeSet;

use crate::cases::calls::Calls;
use crate::cases::expectation::Finding;
use crate::cases::plays::{STUCK, stuck};
use crate::cases::scene::Scene;
use crate::clock::Library;

type Findings = anyhow::Result<Vec<Finding>>;

const TEN_MINUTES_MS: i64 = 10 * 60_000;
const FORTY_DAYS_MS: i64 = 40 * 24 * 3_600_000;

/// See the case `clock-set-back`.
///
/// # Errors
/// When it cannot be played.
pub async fn set_back(scene: &mut Scene) -> Findings {
    set_by(scene, -TEN_MINUTES_MS).await
}

/// See the case `clock-set-forward`.
///
/// # Errors
/// When it cannot be played.
pub async fn set_forward(scene: &mut Scene) -> Findings {
    set_by(scene, FORTY_DAYS_MS).await
}

/// See the case `ingest-clock-days-behind`.
///
/// # Errors
/// When it cannot be played.
pub async fn ingest_days_behind(scene: &mut Scene) -> Findings {
    let clock = Library::build(&scene.folder).await?.clock("ingest")?;
    clock.set(-FORTY_DAYS_MS).await?;
    scene.start_within("ingest-0", clock.within()).await?;
    scene.start("processor-0").await?;
    let accepted = scene.load(&Calls::new(0..40)).await?;
    scene.settle(&accepted).await?;
    Ok(Vec::new())
}

/// See the case `sink-clock-set`. That no command has two results, and no target more requests than it grants, is the
/// verifier's to see.
///
/// # Errors
/// When it cannot be played.
pub async fn sink_set(scene: &mut Scene) -> Findings {
    let clock = Library::build(&scene.folder).await?.clock("sink")?;
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    scene.start_within("sink-0", clock.within()).await?;
    for (calls, shift_ms) in [(0..40, -TEN_MINUTES_MS), (1_000..1_040, FORTY_DAYS_MS), (2_000..2_040, 0)] {
        let accepted = scene.load(&Calls::new(calls)).await?;
        scene.settle(&accepted).await?;
        // Commands of the last calls are still under way.
        scene.say(format!("the sink's clock is set {shift_ms} ms off"));
        clock.set(shift_ms).await?;
    }
    let accepted = scene.load(&Calls::new(3_000..3_040)).await?;
    scene.settle(&accepted).await?;
    let open = scene.unfinished().await?;
    let ready = scene.is_ready("sink-0").await?;
    let seen = format!("{} commands have no result; the sink is ready: {ready}", open.len());
    let stuck = !open.is_empty() || !ready;
    Ok(stuck.then(|| Finding::new("I12", STUCK, open.len().max(1), seen)).into_iter().collect())
}

/// What was accepted before is posted again afterwards: it has to be known still.
async fn set_by(scene: &mut Scene, shift_ms: i64) -> Findings {
    let clock = Library::build(&scene.folder).await?.clock("processor")?;
    scene.start("ingest-0").await?;
    scene.start_within("processor-0", clock.within()).await?;
    let first = Calls::new(0..40);
    let mut accepted = scene.load(&first).await?;
    scene.settle(&accepted).await?;
    scene.say(format!("the processor's clock is set by {shift_ms} ms"));
    clock.set(shift_ms).await?;
    accepted.extend(scene.load(&Calls::new(1_000..1_040)).await?);
    accepted.extend(scene.load(&first).await?);
    accepted.extend(scene.load(&Calls::new(2_000..2_010)).await?);
    let missing: BTreeSet<String> = scene.missing(&accepted).await?;
    let ready = scene.becomes_unready("processor-0").await?.is_none();
    Ok(stuck(&missing, accepted.len(), ready).into_iter().collect())
}
