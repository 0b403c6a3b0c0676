//! The schema registry of a run.

use std::process::Stdio;

use tokio::process::Command;
use trunkline_rig::ports;
use trunkline_rig::process::Process;

use super::run::Run;
use super::services::{Check, Service};
use super::{jvm, maven};

/// Its name in messages and files.
const NAME: &str = "registry";

/// Starts a registry that keeps everything in memory; the URL of its Confluent API.
///
/// # Errors
/// When it cannot be fetched or started.
pub async fn start(run: &Run) -> anyhow::Result<(Service, String)> {
    let folder = maven::apicurio(run).await?;
    let ports = ports::free(2)?;
    let archive = jvm::class_data(&run.cache, NAME)?;
    let mut command = run.command("java");
    command.args(run.services.jvm);
    command.arg(jvm::class_data_option(&archive, &run.folder.join(format!("{NAME}.jsa"))));
    let jar = format!("apicurio-registry-app-{}-runner.jar", maven::APICURIO_VERSION);
    command.arg("-jar").arg(folder.join(jar)).process_group(0);
    command.envs([
        ("QUARKUS_HTTP_HOST", "127.0.0.1"),
        ("QUARKUS_HTTP_PORT", &ports[0].to_string()),
        ("QUARKUS_MANAGEMENT_HOST", "127.0.0.1"),
        ("QUARKUS_MANAGEMENT_PORT", &ports[1].to_string()),
        ("APICURIO_DATASOURCE_JDBC_INITIAL_SIZE", "2"),
        ("APICURIO_DATASOURCE_JDBC_MIN_SIZE", "2"),
        ("APICURIO_DATASOURCE_JDBC_MAX_SIZE", "10"),
    ]);
    let process = Process::start(&mut command, &run.folder.join("registry.log"))?;
    let url = format!("http://127.0.0.1:{}/apis/ccompat/v7", ports[0]);
    Ok((Service { name: NAME, process, check: Check::Answer(url.clone()), is_up: false }, url))
}

/// Whether a registry answers at this URL. By curl, since the user's may speak TLS and need a proxy.
pub async fn answers(url: &str) -> bool {
    let mut curl = Command::new("curl");
    curl.args(["-sf", "-o", "/dev/null", "--max-time", "5"]).arg(format!("{url}/subjects"));
    curl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    curl.status().await.is_ok_and(|status| status.success())
}
