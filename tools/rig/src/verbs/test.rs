//! `test`: every test, end to end on a real broker and registry.

use crate::launcher::cargo::{PIPELINE, binaries};
use crate::launcher::kafka;
use crate::launcher::promtool::promtool;
use crate::launcher::run::Run;

/// Runs `cargo test` with these arguments. Nothing is printed after it: its closing lines are the verdict.
///
/// # Errors
/// When something does not start or build.
pub async fn run(run: &mut Run, rest: &[String]) -> anyhow::Result<u8> {
    run.start_services().await?;
    let some = names_packages(rest);
    // Tests of one crate may still run the pipeline's programs; none runs those of the bench.
    run.build(if some { &PIPELINE } else { &[] }).await?;
    let (kafka, registry) = run.await_services().await?;
    let mut cargo = run.cargo();
    cargo.arg("test");
    if !some {
        cargo.arg("--workspace");
        if let Some(promtool) = promtool(run).await {
            cargo.env("TRUNKLINE_PROMTOOL", promtool);
        }
    }
    cargo.arg("--no-fail-fast").args(rest);
    cargo.envs(kafka::environment(run).await?);
    cargo.env("TRUNKLINE_TEST_KAFKA", kafka).env("TRUNKLINE_TEST_REGISTRY", registry);
    cargo.env("TRUNKLINE_BIN_DIR", binaries("debug")?);
    run.foreground(&mut cargo).await
}

fn names_packages(arguments: &[String]) -> bool {
    let names =
        |word: &String| word.starts_with("-p") || word == "--package" || word.starts_with("--package=");
    arguments.iter().take_while(|word| *word != "--").any(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_in_every_form_that_cargo_knows() {
        let named =
            |line: &str| names_packages(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        for line in ["-p x", "-px order", "--quiet --package x", "--package=x"] {
            assert!(named(line), "{line}");
        }
        for line in ["", "order", "--quiet", "-- -p"] {
            assert!(!named(line), "{line}");
        }
    }
}
