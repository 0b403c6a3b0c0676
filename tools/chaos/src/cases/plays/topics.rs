//! Logs that are not what they were: deleted, made anew, cut off, with more partitions.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::cases::calls::{Calls, STEPS};
use crate::cases::expectation::Finding;
use crate::cases::plays::{
    LOG_CHANGED, SILENT, UNREAD_REMOVED, passed_over, ready_all_the_while, skipped, stuck, went_on,
};
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
    let still = scene.stands_still("processor-0", LOG_CHANGED).await?;
    let silent = went_on(scene, "processor", LOG_CHANGED, still).await;
    scene.say(
        "the processor is restarted, to read the new log from its beginning; more is accepted meanwhile",
    );
    scene.stop("processor-0").await?;
    scene.set_processor("on_log_change = \"from_beginning\"\n");
    after.extend(scene.load(&Calls::new(2_000..2_060)).await?);
    scene.start("processor-0").await?;
    let missing = scene.missing(&after).await?;
    Ok(silent.into_iter().chain(skipped(missing.len(), after.len(), "accepted events")).collect())
}

/// See the case `log-tail-lost`.
///
/// # Errors
/// When it cannot be played.
pub async fn tail_lost(scene: &mut Scene) -> Findings {
    scene.start("ingest-0").await?;
    scene.start("processor-0").await?;
    let before = scene.load(&Calls::new(0..60)).await?;
    scene.settle(&before).await?;
    scene.lose_tail(INPUT).await?;
    let still = scene.stands_still("processor-0", LOG_CHANGED).await?;
    let silent = went_on(scene, "processor", LOG_CHANGED, still).await;
    scene.say(
        "the processor is stopped; the log grows beyond what it had, and is to be read from its beginning",
    );
    scene.stop("processor-0").await?;
    let after = scene.load(&Calls::new(1_000..1_120)).await?;
    scene.launch("processor-0")?;
    let outgrown = scene.stands_still("processor-0", LOG_CHANGED).await?;
    let outgrown = went_on(scene, "processor", LOG_CHANGED, outgrown).await;
    scene.stop("processor-0").await?;
    scene.set_processor("on_log_change = \"from_beginning\"\n");
    scene.start("processor-0").await?;
    let missing = scene.missing(&after).await?;
    let skipped = skipped(missing.len(), after.len(), "accepted events");
    Ok(silent.into_iter().chain(outgrown).chain(skipped).collect())
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
    let still = scene.stands_still("sink-0", LOG_CHANGED).await?;
    let silent = went_on(scene, "sink", LOG_CHANGED, still).await;
    scene
        .say("the sink is restarted, to read the new logs from their beginning; more is commanded meanwhile");
    scene.stop("sink-0").await?;
    scene.set_sink("on_log_change = \"from_beginning\"\n");
    let after = scene.load(&Calls::new(2_000..2_120)).await?;
    scene.settle(&after).await?;
    scene.start("sink-0").await?;
    let open = scene.unfinished().await?;
    let commands = scene.reader.values("writebacks.genesys").await?.len()
        + scene.reader.values("writebacks.salesforce").await?.len();
    scene.say(format!("{} of {commands} commands have no result", open.len()));
    Ok(silent.into_iter().chain(skipped(open.len(), commands, "commands")).collect())
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
    let unread = scene.load(&Calls::new(1_000..1_040)).await?;
    delete(scene).await?;
    scene.say(format!("{} accepted events are gone before they were read", unread.len()));
    let after = scene.load(&Calls::new(2_000..2_040)).await?;
    scene.launch("processor-0")?;
    let still = scene.stands_still("processor-0", UNREAD_REMOVED).await?;
    let silent = went_on(scene, "processor", UNREAD_REMOVED, still).await;
    scene.say("the processor is restarted, to go on with what is there");
    scene.stop("processor-0").await?;
    scene.set_processor("on_loss = \"continue\"\n");
    scene.start("processor-0").await?;
    let missing = scene.missing(&after).await?;
    Ok(silent.into_iter().chain(skipped(missing.len(), after.len(), "accepted events")).collect())
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
