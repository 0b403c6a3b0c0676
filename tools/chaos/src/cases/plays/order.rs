//! Events that overtake each other within the hold, and come in time.

use std::time::Duration;

use trunkline_rig::process::signal;

use crate::cases::calls::Calls;
use crate::cases::expectation::Finding;
use crate::cases::scene::Scene;
use crate::clock::Library;

type Findings = anyhow::Result<Vec<Finding>>;

/// How far events overtake each other: well within the hold of 500 ms.
const DISORDER: Duration = Duration::from_millis(200);
/// Less than the session of 10 s: nobody takes the partitions over.
const FROZEN: Duration = Duration::from_secs(7);
/// Calls that wait for the processor that was killed: of so many customers that it pauses for lookups …
const BACKLOG: u64 = 600;
/// … since it may make few at a time.
const FEW_LOOKUPS: &str = "max_in_flight_lookups = 16\n";
const AHEAD_MS: i64 = 3_000;

/// See the case `processor-frozen`.
///
/// # Errors
/// When it cannot be played.
pub async fn processor_frozen(scene: &mut Scene) -> Findings {
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let before = scene.load(&Calls::new(0..20)).await?;
    scene.settle(&before).await?;
    let process = scene.member("processor-0")?.process().await.unwrap_or_default();
    let calls = disordered(1_000..1_200);
    let playing = scene.begin_load(&calls)?;
    scene.say(format!("the processor is frozen for {FROZEN:?}"));
    signal(&[process], "STOP").await?;
    // The length of the freeze is the fault itself.
    tokio::time::sleep(FROZEN).await;
    signal(&[process], "CONT").await?;
    let accepted = playing.accepted().await?;
    scene.settle(&accepted).await?;
    Ok(Vec::new())
}

/// See the case `backlog-within-hold`.
///
/// # Errors
/// When it cannot be played.
pub async fn backlog(scene: &mut Scene) -> Findings {
    scene.set_processor(FEW_LOOKUPS);
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let before = scene.load(&Calls::new(0..20)).await?;
    scene.settle(&before).await?;
    let every = Duration::from_millis(10);
    let calls = Calls { every, steps: 0..3, ..disordered(1_000..1_000 + BACKLOG) };
    let playing = scene.begin_load(&calls)?;
    let mut accepted = Ok(Default::default());
    scene.say("the processor is killed, and comes back when all is accepted");
    scene.member("processor-0")?.kill(async { accepted = playing.accepted().await }).await;
    scene.settle(&accepted?).await?;
    Ok(Vec::new())
}

/// See the case `ingest-clocks-differ`.
///
/// # Errors
/// When it cannot be played.
pub async fn ingest_clocks_differ(scene: &mut Scene) -> Findings {
    let clock = Library::build(&scene.folder).await?.clock("ingest")?;
    clock.set(AHEAD_MS).await?;
    scene.start("ingest-0").await?;
    scene.start_within("ingest-1", clock.within()).await?;
    scene.start("processor-0").await?;
    // Each conversation goes to one of the two, and none to both.
    let (right, ahead) = (disordered(1_000..1_100), disordered(2_000..2_100));
    let right = scene.begin_load(&right)?;
    let ahead = scene.begin_load_at("ingest-1", ahead.deliveries(), ahead.start_ms)?;
    let mut accepted = right.accepted().await?;
    accepted.extend(ahead.accepted().await?);
    scene.settle(&accepted).await?;
    Ok(Vec::new())
}

/// Calls one after the other, whose steps overtake each other.
fn disordered(numbers: std::ops::Range<u64>) -> Calls {
    let (every, step) = (Duration::from_millis(40), Duration::from_millis(50));
    Calls { every, step, disorder: DISORDER, ..Calls::new(numbers) }
}
