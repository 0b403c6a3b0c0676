//! Sinks join and leave while commands flow to systems that answer slowly; the verifier judges what is left.

use anyhow::Result;
use trunkline_simulators::{FaultProfile, System};
use trunkline_tests::{Deployment, PlayedDay};

const RATE: f64 = 60.0;
const SECONDS: u64 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn sinks_that_join_leave_and_die_write_everything_once_and_never_side_by_side() -> Result<()> {
    let deployment = Deployment::new("fleet", "sorted").await?;
    for system in [System::Genesys, System::Salesforce] {
        // Slow enough that calls are under way whenever a partition moves.
        let slow = FaultProfile { latency_ms: 300, ..FaultProfile::default() };
        deployment.sandbox().set_fault(system, slow);
    }
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let processor = deployment.start("processor", "processor-0").await?;
    let first = deployment.start("sink", "sink-0").await?;
    let day = PlayedDay::begin(&deployment, 5, RATE, SECONDS);
    day.accepted(200).await?;
    let second = deployment.start("sink", "sink-1").await?;
    day.accepted(400).await?;
    first.stop().await?;
    day.accepted(600).await?;
    second.kill().await?;
    let third = deployment.start("sink", "sink-2").await?;
    let counts = day.settle(&deployment).await?;
    ingest.stop().await?;
    processor.stop().await?;
    deployment.written_back().await?;
    third.stop().await?;

    let report = deployment.judge(true).await?;
    assert!(report.is_clean(), "{:#?}", report.violations);
    for invariant in ["I5", "I6"] {
        assert!(report.judged.iter().any(|judged| judged == invariant), "{:?}", report.not_judged);
    }
    assert!(counts.accepted > 500, "a day worth judging: {counts:?}");
    Ok(())
}
