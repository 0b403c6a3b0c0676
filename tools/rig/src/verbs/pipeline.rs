//! The verbs that run the pipeline, or only what it stands on.

use anyhow::bail;
use tokio::process::Command;

use crate::launcher::cargo::{PIPELINE, binaries};
use crate::launcher::kafka;
use crate::launcher::run::Run;

/// `demo` and `up`: a verb of the command-line tool.
///
/// # Errors
/// When something does not start or build.
pub async fn trunkline(run: &mut Run, verb: &str, rest: &[String]) -> anyhow::Result<u8> {
    run.start_services().await?;
    run.build(&PIPELINE).await?;
    let (kafka, registry) = run.await_services().await?;
    let mut command = binary(run, "trunkline")?;
    command.arg(verb).args(["--kafka", &kafka, "--registry", &registry]).args(rest);
    run.foreground(&mut command).await
}

/// `chaos`: brokers of its own.
///
/// # Errors
/// When something does not start or build, or a broker was brought.
pub async fn chaos(run: &mut Run, rest: &[String]) -> anyhow::Result<u8> {
    if run.services.kafka.is_some() {
        bail!("chaos kills brokers: it starts its own, and takes no --kafka");
    }
    let environment = kafka::environment(run).await?;
    run.start_registry().await?;
    run.build(&[&PIPELINE[..], &["trunkline-chaos"]].concat()).await?;
    let (_, registry) = run.await_services().await?;
    let mut command = binary(run, "chaos")?;
    command.args(["--registry", &registry]).args(rest).envs(environment);
    run.foreground(&mut command).await
}

/// `broker`: broker and registry, until a signal comes.
///
/// # Errors
/// When they do not start.
pub async fn broker(run: &mut Run) -> anyhow::Result<u8> {
    run.start_services().await?;
    let (kafka, registry) = run.await_services().await?;
    println!("KAFKA={kafka} REGISTRY={registry}");
    std::future::pending().await
}

fn binary(run: &Run, name: &str) -> anyhow::Result<Command> {
    Ok(run.command(&binaries("debug")?.join(name).display().to_string()))
}
