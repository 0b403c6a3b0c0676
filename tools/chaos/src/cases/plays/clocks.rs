//! Wall clocks that are set while a process runs.

use std::collections::BTreeSet;

use crate::cases::calls::Calls;
use crate::cases::expectation::Finding;
use crate::cases::plays::stuck;
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
