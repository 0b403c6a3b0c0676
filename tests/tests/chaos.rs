//! A minute in which everything goes wrong that can: the same as `./run chaos --seconds 60`, with a fixed seed.

use std::time::Duration;

use anyhow::{Context as _, Result};
use trunkline_chaos::{Settings, journal, run};
use trunkline_rig::kafka::Java;
use trunkline_tests::Environment;

const SEED: u64 = 1;
/// Deliveries per second: modest, since three brokers and five processes share the machine with the rest.
const RATE: f64 = 80.0;

/// What a minute must have seen at least; the schedule plans more.
const AT_LEAST: [(&str, u64); 4] = [
    (journal::PROCESSOR_KILLS, 4),
    (journal::BROKER_KILLS, 1),
    (journal::ZOMBIES, 1),
    (journal::DELAYED_END_TXN, 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_in_which_everything_goes_wrong_loses_and_doubles_nothing() -> Result<()> {
    let environment = Environment::from_env()?;
    let settings = Settings {
        java: java()?,
        registry: environment.registry,
        binaries: environment.binaries,
        seed: SEED,
        length: Duration::from_secs(60),
        rate: RATE,
        keep: None,
    };
    let (outcome, report) = run(&settings).await?;
    let text = outcome.text(&report);
    assert!(outcome.violations.is_empty(), "{text}");
    assert!(outcome.drained, "{text}");
    for invariant in ["I1", "I2", "I3", "I4"] {
        assert!(outcome.judged.iter().any(|judged| judged == invariant), "{invariant}: {text}");
    }
    for (kind, least) in AT_LEAST {
        assert!(outcome.faults[kind] >= least, "{kind}: {text}");
    }
    Ok(())
}

fn java() -> Result<Java> {
    let read = |name: &str| {
        std::env::var(name).with_context(|| {
            format!("{name} is not set: run this test with `./run test`, which says how to start brokers")
        })
    };
    Ok(Java::new(read("TRUNKLINE_KAFKA_CLASSPATH")?, &read("TRUNKLINE_KAFKA_JVM")?))
}
