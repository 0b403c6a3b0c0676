//! Configuration, topics, sandbox and programs of one test.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::process::Command;
use trunkline_load::generator::EVENTBRIDGE;
use trunkline_load::sign::{API_KEY_HEADER, Secrets};
use trunkline_rig::collector::Collector;
use trunkline_rig::configuration::{Layout, text, write_private};
use trunkline_rig::ports::free;
use trunkline_rig::program::Spec;
use trunkline_simulators::{Credentials, Sandbox, SandboxSettings};
use trunkline_verifier::avro::Fields;
use trunkline_verifier::topics::{Cluster, Record};

use crate::configuration;
use crate::environment::Environment;
use crate::program::Program;
use crate::reply::Reply;
use crate::topics;
use crate::variation::Variation;

/// A whole deployment under a topic prefix of its own.
#[derive(Debug)]
pub struct Deployment {
    environment: Environment,
    prefix: String,
    folder: TempDir,
    sandbox: Sandbox,
    secrets: Secrets,
    collector: Collector,
    client: reqwest::Client,
    listen: u16,
    order: &'static str,
    variation: Variation,
    /// Secrets, by a name, that are in no file any more.
    earlier: Mutex<Vec<(String, String)>>,
}

/// Folder, in that of the deployment, of what the programs serve.
const SERVED: &str = "served";
/// File, in that of the deployment, with the traces that they export.
const TRACES: &str = "traces";

// === impl Deployment ===

impl Deployment {
    /// Starts a sandbox and makes topics and schemas. `order` is the mode of the EventBridge source.
    ///
    /// # Errors
    /// When the environment lacks something, or `trunkline topics|schemas apply` fails.
    pub async fn new(name: &str, order: &'static str) -> Result<Self> {
        Self::varied(name, order, Environment::from_env()?, Variation::default()).await
    }

    /// The same, where something differs from the others; in this environment.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub async fn varied(
        name: &str,
        order: &'static str,
        environment: Environment,
        variation: Variation,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("trunkline-test-").tempdir()?;
        let secrets_folder = folder.path().join("secrets");
        std::fs::create_dir(folder.path().join(SERVED))?;
        let secrets = Secrets::kept_in(&secrets_folder)?;
        let credentials = Credentials::kept_in(&secrets_folder)?;
        for (name, value) in &variation.secrets {
            write_private(&secrets_folder.join(name), value)?;
        }
        let mut settings = SandboxSettings { credentials: Some(credentials), ..SandboxSettings::default() };
        settings.token_seconds.extend(&variation.token_seconds);
        let sandbox = Sandbox::start(settings).await?;
        let prefix = format!("{name}-{:x}.", SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros());
        let listen = free(1)?[0];
        let client = reqwest::Client::new();
        let earlier = Mutex::default();
        let collector = Collector::start(&folder.path().join(TRACES)).await?;
        let deployment = Self {
            environment,
            prefix,
            folder,
            sandbox,
            secrets,
            collector,
            client,
            listen,
            order,
            variation,
            earlier,
        };
        deployment.trunkline(&["topics", "apply"]).await?;
        deployment.trunkline(&["schemas", "apply"]).await?;
        Ok(deployment)
    }

    /// Prefix of its topics.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The full name of a topic.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The outside systems.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Folder of everything it leaves behind.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Folder with what its programs served when they were asked to stop: it is searched for secrets.
    pub fn served(&self) -> PathBuf {
        self.folder().join(SERVED)
    }

    /// File with the traces that they exported: it is searched as well.
    pub fn traces(&self) -> PathBuf {
        self.folder().join(TRACES)
    }

    /// The environment it runs in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What the platforms prove themselves with.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Remembers a secret that was in use and is in no file any more: it is looked for as the others are.
    pub fn note_secret(&self, name: &str, value: &str) {
        self.earlier.lock().push((name.to_owned(), value.to_owned()));
    }

    /// What was remembered so.
    pub(crate) fn earlier_secrets(&self) -> Vec<(String, String)> {
        self.earlier.lock().clone()
    }

    /// The brokers, for reading.
    pub fn cluster(&self) -> Cluster {
        Cluster { brokers: self.environment.kafka.clone(), ..Cluster::default() }
    }

    /// Base URL of the webhooks.
    pub fn ingest_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.listen)
    }

    /// The folder of an instance's state.
    pub fn state_folder(&self, instance: &str) -> PathBuf {
        self.folder().join("state").join(instance)
    }

    /// Starts an instance of `ingest`, `processor` or `sink` and waits until it is ready. Started again under the same
    /// name it finds its state.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(&self, binary: &str, instance: &str) -> Result<Program> {
        let admin = free(1)?[0];
        let configuration = self.write_configuration(instance, admin)?;
        let spec = Spec {
            binary: binary.to_owned(),
            instance: instance.to_owned(),
            config: configuration,
            log: self.folder().join(format!("{instance}.log")),
            admin: format!("http://127.0.0.1:{admin}"),
            within: Vec::new(),
        };
        Program::start(spec, &self.environment.binary(binary)?, self.served()).await
    }

    /// Runs `trunkline` with this deployment's configuration and returns what it prints.
    ///
    /// # Errors
    /// When it exits with an error; the message holds what it printed.
    pub async fn trunkline(&self, arguments: &[&str]) -> Result<String> {
        let configuration = self.write_configuration("trunkline", free(1)?[0])?;
        let binary = self.environment.binary("trunkline")?;
        let output = Command::new(binary)
            .args(arguments)
            .arg("--config")
            .arg(&configuration)
            .kill_on_drop(true)
            .output()
            .await?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "trunkline {arguments:?} ended with {}:\n{printed}{errors}",
            output.status
        );
        Ok(printed)
    }

    /// Posts an EventBridge body with its key.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, body: impl Display) -> Result<Reply> {
        let key = self.secrets.eventbridge_api_key.clone();
        self.post_to(EVENTBRIDGE, vec![(API_KEY_HEADER.to_owned(), key)], body.to_string().into_bytes()).await
    }

    /// Posts any body with any headers to any source.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_to(
        &self,
        source: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<Reply> {
        let url = format!("{}/v1/webhooks/{source}", self.ingest_url());
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        Reply::read(request.send().await.context("ingest does not answer")?).await
    }

    /// Every committed value of a topic, by its name without the prefix.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn values(&self, topic: &str) -> Result<Vec<Fields>> {
        topics::values(&self.cluster(), &self.environment.registry, &self.topic(topic)).await
    }

    /// Every committed record of a topic, by its name without the prefix.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn records(&self, topic: &str) -> Result<Vec<Record>> {
        topics::records(&self.cluster(), &self.topic(topic)).await
    }

    /// Where the configuration of a program of this deployment is.
    pub fn configuration_file(&self, instance: &str) -> PathBuf {
        self.folder().join(format!("{instance}.toml"))
    }

    fn write_configuration(&self, instance: &str, admin: u16) -> Result<PathBuf> {
        let path = self.configuration_file(instance);
        let admin = format!("127.0.0.1:{admin}");
        let layout = Layout {
            kafka: self.variation.brokers.as_ref().unwrap_or(&self.environment.kafka).clone(),
            registry: self.environment.registry.clone(),
            replication: 1,
            prefix: self.prefix.clone(),
            secrets: self.folder().join("secrets"),
            state: self.state_folder(instance),
            ingest: format!("127.0.0.1:{}", self.listen),
            // Each program reads its own of the three.
            admin: [admin.clone(), admin.clone(), admin],
            processors: 1,
            quotas: Vec::new(),
            breakers_open_for: None,
            collector: Some(self.collector.url.clone()),
        };
        let Sandbox { addresses, credentials, .. } = &self.sandbox;
        let text = text(&layout, &configuration::choices(self.order), addresses, credentials);
        std::fs::write(&path, self.variation.apply(&text, &layout.secrets))?;
        Ok(path)
    }
}
