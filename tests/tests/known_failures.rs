//! Every case of chaos, one fault in a run of its own: what holds has to hold, and what is known to fail
//! (`docs/failures.md`) has to fail in the known way, so that its mending shows here. What the programs export in them
//! is what alerts may look at.

use anyhow::{Context as _, Result};
use trunkline_chaos::cases::{self, Case, Settings};
use trunkline_rig::kafka::Java;
use trunkline_tests::Environment;
use trunkline_tidy::finding::expect_none;
use trunkline_tidy::recorded;
use trunkline_tidy::tree::TREE;

/// One after another, on one broker: each waits most of the time, and side by side they would disturb each other's
/// clocks.
#[tokio::test(flavor = "multi_thread")]
async fn every_case_comes_out_as_expected() -> Result<()> {
    let environment = Environment::from_env()?;
    let read = |name: &str| {
        std::env::var(name).with_context(|| {
            format!("{name} is not set: run this test with `./run test`, which says how to start brokers")
        })
    };
    let settings = Settings {
        java: Java::new(read("TRUNKLINE_KAFKA_CLASSPATH")?, &read("TRUNKLINE_KAFKA_JVM")?),
        registry: environment.registry,
        binaries: environment.binaries,
        keep: None,
    };
    let all: Vec<&Case> = cases::ALL.iter().collect();
    let outcome = cases::run(&settings, &all).await?;
    assert!(outcome.is_as_expected(), "{}", outcome.text());
    // The cases bring about what alerts are for.
    let never_seen = recorded::never_seen(&TREE, &outcome.series());
    expect_none(
        &never_seen,
        "Name what the programs export in these cases, or play a case in which they do.",
    );
    Ok(())
}
