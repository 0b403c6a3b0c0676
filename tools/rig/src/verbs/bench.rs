//! `bench`: measure against peers, built with optimisation.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::launcher::cargo::binaries;
use crate::launcher::run::Run;
use crate::launcher::{jvm, maven};

/// Builds and runs a benchmark; that of the processor with broker, registry and the Kafka Streams job.
///
/// # Errors
/// When something does not start or build.
pub async fn run(run: &mut Run, rest: &[String]) -> anyhow::Result<u8> {
    let of_processor = rest.first().is_some_and(|name| name == "processor");
    let mut jars = None;
    if of_processor {
        run.services.jvm = jvm::LARGE;
        jars = Some(maven::kafka_streams(run, &sources_version(&run.root)?).await?);
        run.start_services().await?;
    }
    run.say("building the benchmarks with optimisation; the first time takes many minutes");
    let mut cargo = run.cargo();
    cargo.args(["build", "--release", "--quiet", "-p", "trunkline-bench"]);
    if of_processor {
        cargo.args(["-p", "trunkline-processor"]);
    }
    if run.foreground(&mut cargo).await? != 0 {
        bail!("the benchmarks do not build: see above");
    }
    let mut bench = run.command(&binaries("release")?.join("bench").display().to_string());
    bench.args(rest);
    if let Some(jars) = jars {
        let (kafka, registry) = run.await_services().await?;
        bench.args(["--kafka", &kafka, "--registry", &registry, "--kafka-streams"]).arg(jars);
    }
    run.foreground(&mut bench).await
}

/// Names the state of the sources that the Kafka Streams job is built from.
fn sources_version(root: &Path) -> anyhow::Result<String> {
    let mut files = vec![root.join("tools/bench/kafka-streams/pom.xml")];
    files.extend(files_below(&root.join("tools/bench/kafka-streams/src"))?);
    files.extend(files_below(&root.join("schemas/avsc"))?);
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(&file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// All files below a folder, in the order of their names.
fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
