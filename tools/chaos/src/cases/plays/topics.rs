//! Logs that are not what they were: deleted, made anew, cut off, with more partitions.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::cases::calls::{Calls, STEPS};
use crate::cases::expectation::Finding;
use crate::cases::plays::{PASSED_OVER, SILENT, passed_over, ready_all_the_while, stuck};
use crate::cases::scene::Scene;

type Findings = anyhow::Result<Vec<Finding>>;

const INPUT: &str = "events.normalized";
const OUTPUT: &str = "events.enriched";
/// A transaction whose records do not arrive is given up after 10 s, and its abort after another 10 s.
const TRANSACTION_GIVEN_UP: Duration = Duration::from_secs(30);
/// Partitions that `partitions-added` ends with.
const MORE_PARTITIONS: usize = 8;

/// See the case `topic-made-anew`.
///
/// # Errors
/// When it cannot be played.
pub async fn input_made_anew(scene: &mut Scene) -> Findings {
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let before = scene.load(&Calls::new(0..60)).await?;
    scene.settle(&before).await?;
    scene.say("events.normalized is deleted and made anew");
    scene.operator.delete_topic(&scene.named(INPUT)).await?;
    scene.make_topics().await?;
    // Fewer than before: the new log is shorter than the old one was, until it grows during the restart.
    let mut after = scene.load(&Calls::new(1_000..1_030)).await?;
    scene.missing(&after).await?;
    scene.say("the processor is restarted, and more is accepted meanwhile");
    scene.stop("processor-0").await?;
    after.extend(scene.load(&Calls::new(2_000..2_060)).await?);
    scene.start("processor-0").await?;
    let missing = scene.missing(&after).await?;
    Ok(passed_over(scene, &missing, after.len()).await?.into_iter().collect())
}

/// See the case `writebacks-made-anew`.
///
/// # Errors
/// When it cannot be played.
pub async fn commands_made_anew(scene: &mut Scene) -> Findings {
    for instance in ["ingest-0", "processor-0", "sink-0"] {
        scene.start(instance).await?;
    }
    let before = scene.load(&Calls::new(0..80)).await?;
    scene.settle(&before).await?;
    scene.unfinished().await?;
    scene.say("the topics of commands are deleted and made anew");
    for topic in ["writebacks.genesys", "writebacks.salesforce"] {
        scene.operator.delete_topic(&scene.named(topic)).await?;
    }
    scene.make_topics().await?;
    // Fewer than before: the new logs are shorter than the old ones were, until they outgrow them during the restart.
    let after = scene.load(&Calls::new(1_000..1_015)).await?;
    scene.settle(&after).await?;
    scene.unfinished().await?;
    scene.say("the sink is restarted, and more is commanded meanwhile");
    scene.stop("sink-0").await?;
    let after = scene.load(&Calls::new(2_000..2_120)).await?;
    scene.settle(&after).await?;
    scene.start("sink-0").await?;
    let open = scene.unfinished().await?;
    let commands = scene.reader.values("writebacks.genesys").await?.len()
        + scene.reader.values("writebacks.salesforce").await?.len();
    scene.say(format!("{} of {commands} commands have no result", open.len()));
    let told = !scene.reader.reports("sink").await?.is_empty();
    let seen =
        format!("{} of {commands} commands were skipped, and pipeline.errors says nothing", open.len());
    let silent = !open.is_empty() && !told;
    Ok(silent.then(|| Finding::new("I11", PASSED_OVER, open.len(), seen)).into_iter().collect())
}

/// See the case `retention-passes-unread`.
///
/// # Errors
/// When it cannot be played.
pub async fn retention_passes_unread(scene: &mut Scene) -> Findings {
    unread_input_deleted(scene, async |scene: &Scene| {
        let input = scene.named(INPUT);
        scene.say("retention is shortened to a second");
        scene.operator.set(&input, "retention.ms", "1000").await?;
        scene.operator.nothing_left(&input).await?;
        scene.operator.set(&input, "retention.ms", "604800000").await
    })
    .await
}

/// See the case `records-deleted-unread`.
///
/// # Errors
/// When it cannot be played.
pub async fn records_deleted_unread(scene: &mut Scene) -> Findings {
    unread_input_deleted(scene, async |scene: &Scene| {
        scene.say("the records are deleted");
        scene.operator.delete_records(&scene.named(INPUT)).await
    })
    .await
}

async fn unread_input_deleted(
    scene: &mut Scene,
    delete: impl AsyncFnOnce(&Scene) -> anyhow::Result<()>,
) -> Findings {
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let before = scene.load(&Calls::new(0..40)).await?;
    scene.settle(&before).await?;
    scene.stop("processor-0").await?;
    let mut after = scene.load(&Calls::new(1_000..1_040)).await?;
    delete(scene).await?;
    after.extend(scene.load(&Calls::new(2_000..2_040)).await?);
    scene.start("processor-0").await?;
    let missing = scene.missing(&after).await?;
    Ok(passed_over(scene, &missing, after.len()).await?.into_iter().collect())
}

/// See the case `output-topic-gone`.
///
/// # Errors
/// When it cannot be played.
pub async fn output_gone(scene: &mut Scene) -> Findings {
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let before = scene.load(&Calls::new(0..40)).await?;
    scene.settle(&before).await?;
    scene.say("events.enriched is deleted");
    scene.operator.delete_topic(&scene.named(OUTPUT)).await?;
    let after = scene.load(&Calls::new(1_000..1_060)).await?;
    let said = scene.becomes_unready("processor-0").await?;
    scene.say("events.enriched is made again");
    scene.make_topics().await?;
    let missing = scene.missing_after(&after, TRANSACTION_GIVEN_UP).await?;
    let lost = passed_over(scene, &missing, after.len()).await?;
    Ok(ready_all_the_while("processor-0", said.as_deref()).into_iter().chain(lost).collect())
}

/// See the case `partitions-added`.
///
/// # Errors
/// When it cannot be played.
pub async fn partitions_added(scene: &mut Scene) -> Findings {
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let half = STEPS.len() / 2;
    let begun = Calls { steps: 0..half, ..Calls::new(0..60) };
    let mut accepted = scene.load(&begun).await?;
    scene.settle(&accepted).await?;
    scene.say(format!("events.normalized gets {MORE_PARTITIONS} partitions"));
    scene.operator.add_partitions(&scene.named(INPUT), MORE_PARTITIONS).await?;
    // Clients look at what partitions there are once a minute, and when they lose a broker: it is restarted in place of
    // the minute.
    scene.restart_broker().await?;
    let ended = Calls { steps: half..STEPS.len(), ..Calls::new(0..60) };
    accepted.extend(scene.load(&ended).await?);
    let missing: BTreeSet<String> = scene.missing(&accepted).await?;
    let ready = scene.is_ready("processor-0").await?;
    let told = scene.reports("processor").await?;
    let seen = format!("{MORE_PARTITIONS} partitions are there, and pipeline.errors says nothing of it");
    let silent = (!told).then(|| Finding::new("I12", SILENT, 1, seen));
    Ok(stuck(&missing, accepted.len(), ready).into_iter().chain(silent).collect())
}
