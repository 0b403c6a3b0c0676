//! A day is played while processors and sinks are killed, stopped and joined; the verifier judges what is left.

use anyhow::Result;
use trunkline_load::Counts;
use trunkline_tests::payloads::Step;
use trunkline_tests::{Deployment, PlayedDay, Program, until};
use trunkline_verifier::Report;

const RATE: f64 = 60.0;
const SECONDS: u64 = 15;

/// Invariants that a whole deployment's evidence lets the verifier judge.
const JUDGED: [&str; 16] = [
    "I1",
    "facts",
    "I2",
    "fields",
    "I3",
    "figures",
    "profiles",
    "answers-to-lookups",
    "decisions",
    "commands",
    "I4",
    "I5",
    "I6",
    "writes",
    "I8",
    "I9",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_accidents_breaks_nothing() -> Result<()> {
    let deployment = Deployment::new("calm", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let processor = deployment.start("processor", "processor-0").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    let day = PlayedDay::begin(&deployment, 1, RATE, SECONDS);
    let counts = day.settle(&deployment).await?;
    let report = end(&deployment, vec![ingest], vec![processor], sink).await?;
    holds(&report, &counts);
    assert_eq!(counts.unexpected, 0, "ingest answers as expected: {counts:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_processor_that_returns_loses_and_doubles_nothing() -> Result<()> {
    let deployment = Deployment::new("killed", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let mut processor = deployment.start("processor", "processor-0").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    let day = PlayedDay::begin(&deployment, 2, RATE, SECONDS);
    for accepted in [150, 400, 650] {
        day.accepted(accepted).await?;
        processor.kill().await?;
        processor = deployment.start("processor", "processor-0").await?;
    }
    let counts = day.settle(&deployment).await?;
    let report = end(&deployment, vec![ingest], vec![processor], sink).await?;
    holds(&report, &counts);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_joins_and_one_that_leaves_lose_and_double_nothing() -> Result<()> {
    let deployment = Deployment::new("joined", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let first = deployment.start("processor", "processor-0").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    let day = PlayedDay::begin(&deployment, 3, RATE, SECONDS);
    day.accepted(200).await?;
    let second = deployment.start("processor", "processor-1").await?;
    day.accepted(450).await?;
    first.stop().await?;
    let first = deployment.start("processor", "processor-0").await?;
    let counts = day.settle(&deployment).await?;
    let report = end(&deployment, vec![ingest], vec![first, second], sink).await?;
    holds(&report, &counts);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_never_returns_is_taken_over() -> Result<()> {
    let deployment = Deployment::new("taken-over", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let first = deployment.start("processor", "processor-0").await?;
    let second = deployment.start("processor", "processor-1").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    let day = PlayedDay::begin(&deployment, 5, RATE, SECONDS);
    day.accepted(300).await?;
    first.kill().await?;
    let counts = day.settle(&deployment).await?;
    ingest.stop().await?;
    second.stop().await?;
    deployment.written_back().await?;
    sink.stop().await?;
    holds(&deployment.judge(false).await?, &counts);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sink_and_a_killed_ingest_lose_and_double_nothing() -> Result<()> {
    let deployment = Deployment::new("sink-killed", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let processor = deployment.start("processor", "processor-0").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    let day = PlayedDay::begin(&deployment, 4, RATE, SECONDS);
    day.accepted(300).await?;
    sink.kill().await?;
    let sink = deployment.start("sink", "sink-0").await?;
    day.accepted(500).await?;
    ingest.kill().await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let counts = day.settle(&deployment).await?;
    let report = end(&deployment, vec![ingest], vec![processor], sink).await?;
    holds(&report, &counts);
    Ok(())
}

/// Stops everything in order, as a supervisor would, and has it judged.
async fn end(
    deployment: &Deployment,
    ingests: Vec<Program>,
    processors: Vec<Program>,
    sink: Program,
) -> Result<Report> {
    for program in ingests.into_iter().chain(processors) {
        program.stop().await?;
    }
    deployment.written_back().await?;
    sink.stop().await?;
    deployment.judge(true).await
}

fn holds(report: &Report, counts: &Counts) {
    assert!(report.is_clean(), "{:#?}", report.violations);
    for invariant in JUDGED {
        assert!(
            report.judged.iter().any(|judged| judged == invariant),
            "{invariant}: {:?}",
            report.not_judged
        );
    }
    // Neither logs, nor what the programs serve, nor their traces were left out.
    let not_searched: Vec<_> =
        report.not_judged.iter().filter(|skipped| skipped.id.starts_with("I8")).collect();
    assert!(not_searched.is_empty(), "{not_searched:?}");
    assert!(counts.accepted > 500, "a day worth judging: {counts:?}");
    assert_eq!(counts.gave_up, 0, "the load generator delivered everything: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_takes_webhooks_until_load_balancers_have_noticed_that_it_stops() -> Result<()> {
    let deployment = Deployment::new("shutdown-delay", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let readiness = format!("{}/readyz", ingest.admin());
    let late = async || {
        until("ingest says that it is not ready any more", async || {
            Ok(Some(reqwest::get(&readiness).await?.status()).filter(|status| *status == 503))
        })
        .await?;
        let step = Step { conversation: "c1", step: "customer.start", at: 1_775_000_000_000, customer: 1 };
        deployment.post(step.envelope("6f1c2ff0-0000-4000-8000-000000000004")).await
    };

    let (stopped, late) = tokio::join!(ingest.stop(), late());

    stopped?;
    assert_eq!(late?.status, 202, "sent after readiness was withdrawn");
    assert_eq!(deployment.values("events.normalized").await?.len(), 1, "and stored");
    Ok(())
}
