//! What is fetched by Maven coordinates, once, into the cache; used only if it is what was reviewed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};

use super::downloads;
use super::run::{Run, make_folder};

const KAFKA_VERSION: &str = "4.3.1";
/// Version of Apicurio Registry.
pub const APICURIO_VERSION: &str = "3.0.9";
/// Newer ones want a parent that Apicurio never published.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:2.8";

/// The folder of Kafka's classes.
///
/// # Errors
/// When they cannot be fetched.
pub async fn kafka(run: &Run) -> anyhow::Result<PathBuf> {
    let target = run.cache.join(format!("kafka-{KAFKA_VERSION}"));
    fetched(run, target, async |folder: &Path| {
        run.say(&format!("fetching Kafka {KAFKA_VERSION} (44 MB)"));
        let project = folder.join("pom.xml");
        std::fs::write(&project, KAFKA_PROJECT.replace("{version}", KAFKA_VERSION))?;
        maven(
            run,
            &[
                "-f".into(),
                text(&project),
                format!("{COPY}:copy-dependencies"),
                "-DincludeScope=runtime".into(),
                output(folder),
            ],
        )
        .await?;
        downloads::verify_folder(&folder.join("out"))
    })
    .await
}

/// The folder of the registry.
///
/// # Errors
/// When it cannot be fetched.
pub async fn apicurio(run: &Run) -> anyhow::Result<PathBuf> {
    let target = run.cache.join(format!("apicurio-{APICURIO_VERSION}"));
    fetched(run, target, async |folder: &Path| {
        run.say(&format!("fetching Apicurio Registry {APICURIO_VERSION} (109 MB)"));
        let artifact = format!("-Dartifact=io.apicurio:apicurio-registry-app:{APICURIO_VERSION}:tar.gz:all");
        maven(run, &[format!("{COPY}:copy"), artifact, format!("-DoutputDirectory={}", folder.display())])
            .await?;
        let out = folder.join("out");
        std::fs::create_dir(&out)?;
        let archive = folder.join(format!("apicurio-registry-app-{APICURIO_VERSION}-all.tar.gz"));
        downloads::verify(&archive)?;
        let mut tar = run.command("tar");
        let status =
            tar.arg("-xzf").arg(&archive).arg("-C").arg(&out).status().await.context("cannot run tar")?;
        anyhow::ensure!(status.success(), "{} cannot be unpacked", archive.display());
        Ok(())
    })
    .await
}

/// The folder of the Kafka Streams job that the processor is compared with, and of what it needs; `version` names what
/// it is built from.
///
/// # Errors
/// When it cannot be built.
pub async fn kafka_streams(run: &Run, version: &str) -> anyhow::Result<PathBuf> {
    let target = run.cache.join(format!("kafka-streams-{version}"));
    fetched(run, target, async |folder: &Path| {
        run.say("building the Kafka Streams job");
        let job = folder.join("job");
        let mut copy = run.command("cp");
        copy.arg("-R").arg(run.root.join("tools/bench/kafka-streams")).arg(&job);
        anyhow::ensure!(copy.status().await?.success(), "its sources cannot be copied");
        let project = ["-f".to_owned(), text(&job.join("pom.xml"))];
        let schemas = format!("-Dschemas={}", run.root.join("schemas/avsc").display());
        maven(run, &[&project[..], &["package".into(), schemas]].concat()).await?;
        let copying = ["-DincludeScope=runtime".into(), output(folder)];
        maven(run, &[&project[..], &[format!("{COPY}:copy-dependencies")], &copying].concat()).await?;
        downloads::verify_folder(&folder.join("out"))?;
        for entry in std::fs::read_dir(job.join("target"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("kafka-streams-bench-") && name.ends_with(".jar") {
                std::fs::copy(&path, folder.join("out").join(name))?;
            }
        }
        Ok(())
    })
    .await
}

/// Has `fetch` make a folder `out` in a temporary folder, and moves it into place, so that a stopped or
/// doubled run leaves no half of it.
async fn fetched(
    run: &Run,
    target: PathBuf,
    fetch: impl AsyncFnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    if target.exists() {
        return Ok(target);
    }
    let temporary = make_folder(&run.cache, "fetch")?;
    let outcome = fetch(&temporary).await;
    if outcome.is_ok() && !target.exists() {
        // Another run may have been quicker.
        let _moved = std::fs::rename(temporary.join("out"), &target);
    }
    let _removed = std::fs::remove_dir_all(&temporary);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    outcome.with_context(|| {
        format!(
            "could not fetch {name} with Maven: look at its messages above; a proxy or mirror belongs in ~/.m2/settings.xml"
        )
    })?;
    anyhow::ensure!(target.exists(), "could not write {}", target.display());
    Ok(target)
}

async fn maven(run: &Run, arguments: &[String]) -> anyhow::Result<()> {
    let mut command = run.command("mvn");
    command.args(["-B", "-q", "-C", "-Dstyle.color=never"]);
    if !local_repository_is_writable(run).await? {
        command.arg(format!("-Dmaven.repo.local={}", run.cache.join("maven").display()));
    }
    let output = command.args(arguments).stdin(Stdio::null()).output().await.context("cannot run mvn")?;
    let printed = [output.stdout, output.stderr].concat();
    for line in String::from_utf8_lossy(&printed).lines().map(without_colours) {
        if !line.is_empty() {
            eprintln!("{line}");
        }
    }
    if !output.status.success() {
        bail!("mvn ended with {}", output.status);
    }
    Ok(())
}

async fn local_repository_is_writable(run: &Run) -> anyhow::Result<bool> {
    let mut java = run.command("java");
    let output = java.args(["-XshowSettings:properties", "-version"]).output().await?;
    let settings = String::from_utf8_lossy(&output.stderr).into_owned();
    let home = settings.lines().find_map(|line| line.trim().strip_prefix("user.home = "));
    let Some(home) = home else { return Ok(false) };
    let repository = Path::new(home).join(".m2/repository");
    let probe = repository.join(".trunkline-probe");
    let writable = std::fs::create_dir_all(&repository).and_then(|()| std::fs::write(&probe, "")).is_ok();
    let _removed = std::fs::remove_file(&probe);
    Ok(writable)
}

/// Debian's mvn colours even its silence.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn output(folder: &Path) -> String {
    format!("-DoutputDirectory={}", folder.join("out").display())
}

/// Kafka's broker with its tools, and a logger.
const KAFKA_PROJECT: &str = "\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>trunkline</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{version}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out_of_what_maven_prints() {
        assert_eq!(without_colours("\x1b[1;31mERROR\x1b[m no \x1b[0mway"), "ERROR no way");
        assert_eq!(without_colours("\x1b[0m\x1b[0m"), "");
        assert_eq!(without_colours("plain"), "plain");
    }
}
