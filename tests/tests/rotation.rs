//! Secrets are changed under load: a webhook's key, the client secrets of two token endpoints (one in a file, one in
//! Vault), a password of Basic, and the password of Kafka at a real broker. No request is refused, nothing is lost, and
//! no byte of any of them, old or new, is anywhere.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::RwLock;
use tokio::time::timeout;
use trunkline_load::generator::EVENTBRIDGE;
use trunkline_load::now_ms;
use trunkline_load::secret_file::random_secret;
use trunkline_load::sign::API_KEY_HEADER;
use trunkline_rig::scrape::scrape;
use trunkline_simulators::System;
use trunkline_tests::payloads::call;
use trunkline_tests::scram_broker::{ScramBroker, USER};
use trunkline_tests::{Deployment, Environment, Program, Variation, until};

#[path = "../../crates/secrets/tests/support/stand_in.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod stand_in;

use stand_in::{ROOT, StandIn};

/// How often everything is changed.
const ROUNDS: usize = 3;
/// Between two webhooks of a sender.
const PACE: Duration = Duration::from_millis(60);
const SENDERS: u64 = 2;
/// Longer than ingest takes for any answer; also on a busy machine.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// Tokens live so long, so that each secret is shown several times.
const TOKEN_SECONDS: i64 = 5;
/// Where the secret in Vault is, as Vault's interface has it and as the configuration names it.
const IN_VAULT: &str = "secret/data/trunkline/servicenow";
const VAULT_REFERENCE: &str = "vault:secret/trunkline/servicenow#client_secret";
/// Events that have come out between two rounds, so that each change is one under load.
const BETWEEN_ROUNDS: usize = 100;

/// The world, and the programs in it.
struct World {
    broker: ScramBroker,
    vault: StandIn,
    deployment: Deployment,
    programs: Vec<Program>,
    client: reqwest::Client,
    /// The value that is in Vault.
    in_vault: Mutex<String>,
}

/// What the senders of webhooks did and saw.
#[derive(Default)]
struct Sent {
    posted: AtomicU64,
    refused: AtomicU64,
    slowest_ms: AtomicU64,
    stop: AtomicBool,
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_changed_under_load_and_nothing_is_refused_or_lost() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let world = World::new(folder.path()).await?;
    let key = RwLock::new(world.deployment.secrets().eventbridge_api_key.clone());
    let sent = Sent::default();
    let senders = (0..SENDERS).map(|sender| send(&world.deployment, sender, &key, &sent));
    let began = Instant::now();
    let changes = async {
        for round in 1..=ROUNDS {
            world.enriched(round * BETWEEN_ROUNDS).await?;
            world.change_all(&key).await.with_context(|| format!("round {round}"))?;
        }
        // Only the last password is let in.
        world.broker.all_log_in_again().await?;
        let so_far = world.deployment.values("events.enriched").await?.len();
        world.enriched(so_far + BETWEEN_ROUNDS).await?;
        sent.stop.store(true, Ordering::Relaxed);
        Ok(())
    };
    // A sender that fails ends the test at once: without it nothing would come out that is waited for.
    tokio::try_join!(try_join_all(senders), changes)?;
    let took = began.elapsed();
    world.end(&sent, took).await
}

/// Posts calls of customers of its own, one step after the other, with the key of the moment.
async fn send(deployment: &Deployment, sender: u64, key: &RwLock<String>, sent: &Sent) -> Result<()> {
    for number in 0_u64.. {
        let conversation = format!("2f7bf00a-0fc2-4d6a-9b56-{sender:04}{number:08}");
        let customer = 1 + u32::try_from((number * SENDERS + sender) % 400)?;
        for (position, step) in call(&conversation, customer, now_ms() as i64 - 10_000).iter().enumerate() {
            let transport = format!("6f1c2ff0-0000-4000-{sender:04}-{number:08}{position:04}");
            let headers = vec![(API_KEY_HEADER.to_owned(), key.read().await.clone())];
            let body = step.envelope(&transport).to_string().into_bytes();
            let asked = Instant::now();
            let answer = deployment.post_to(EVENTBRIDGE, headers, body);
            let reply = timeout(ANSWER_PATIENCE, answer).await.context("ingest gives no answer")??;
            sent.posted.fetch_add(1, Ordering::Relaxed);
            sent.slowest_ms.fetch_max(u64::try_from(asked.elapsed().as_millis())?, Ordering::Relaxed);
            if reply.status != 202 {
                sent.refused.fetch_add(1, Ordering::Relaxed);
                eprintln!("answered {}: {}", reply.status, reply.body);
            }
            tokio::time::sleep(PACE).await;
        }
        if sent.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
    Ok(())
}

// === impl World ===

impl World {
    async fn new(folder: &Path) -> Result<Self> {
        let (password, in_vault) = (random_secret(), random_secret());
        let broker = ScramBroker::start(folder, &password).await?;
        let vault = StandIn::start().await;
        let client = reqwest::Client::new();
        put(&client, &vault, &in_vault).await?;
        let sections = format!(
            "[kafka.security]\nprotocol = \"scram_sha_512\"\nusername = \"{USER}\"\n\
             password = \"file:{{secrets}}/kafka-password\"\ntls = false\n\n\
             [secrets]\ncheck_interval = \"1s\"\n\n\
             [vault]\naddress = \"{}\"\nreread_interval = \"1s\"\n\n\
             [vault.login]\nmethod = \"token\"\ntoken = \"file:{{secrets}}/vault-token\"\n",
            vault.address
        );
        let variation = Variation {
            brokers: Some(broker.address.clone()),
            token_seconds: [System::Genesys, System::ServiceNow].map(|system| (system, TOKEN_SECONDS)).into(),
            secrets: vec![("kafka-password", password), ("vault-token", ROOT.to_owned())],
            replaced: vec![(
                "file:{secrets}/servicenow-client-secret".to_owned(),
                VAULT_REFERENCE.to_owned(),
            )],
            sections,
        };
        let environment = Environment { kafka: broker.direct().to_owned(), ..Environment::from_env()? };
        let deployment = Deployment::varied("rotation", "sorted", environment, variation).await?;
        deployment.sandbox().accept_secrets(System::ServiceNow, vec![in_vault.clone()]);
        deployment.note_secret("the first client secret in Vault", &in_vault);
        let mut programs = Vec::new();
        for binary in ["ingest", "processor", "sink"] {
            programs.push(deployment.start(binary, &format!("{binary}-0")).await?);
        }
        Ok(Self { broker, vault, deployment, programs, client, in_vault: Mutex::new(in_vault) })
    }

    /// Waits until so many events have come out.
    async fn enriched(&self, count: usize) -> Result<()> {
        until(&format!("{count} events are enriched"), async || {
            Ok((self.deployment.values("events.enriched").await?.len() >= count).then_some(()))
        })
        .await
    }

    /// Changes every secret once, each as its owner would: where both are valid for a while, the old one is withdrawn
    /// when the new one has arrived.
    async fn change_all(&self, key: &RwLock<String>) -> Result<()> {
        let [new_key, genesys, servicenow, sap, kafka] = std::array::from_fn(|_| random_secret());
        self.change_file("eventbridge-api-key", &new_key, &["ingest"]).await?;
        *key.write().await = new_key;

        let sandbox = self.deployment.sandbox();
        let old = |name: &str| self.read(name);
        sandbox.accept_secrets(System::Genesys, vec![old("genesys-client-secret")?, genesys.clone()]);
        self.change_file("genesys-client-secret", &genesys, &["processor", "sink"]).await?;
        sandbox.accept_secrets(System::Genesys, vec![genesys]);
        sandbox.accept_secrets(System::Sap, vec![old("sap-password")?, sap.clone()]);
        self.change_file("sap-password", &sap, &["processor"]).await?;
        sandbox.accept_secrets(System::Sap, vec![sap]);

        self.deployment.note_secret("a client secret in Vault", &servicenow);
        let before = self.changes(VAULT_REFERENCE, &["processor"]).await;
        sandbox.accept_secrets(System::ServiceNow, vec![self.in_vault.lock().clone(), servicenow.clone()]);
        put(&self.client, &self.vault, &servicenow).await?;
        self.changed(VAULT_REFERENCE, &["processor"], before).await?;
        sandbox.accept_secrets(System::ServiceNow, vec![servicenow.clone()]);
        *self.in_vault.lock() = servicenow;

        // A user of the broker has one password: it is changed there and in the file, one right after the other.
        self.broker.change_password(&kafka).await?;
        self.change_file("kafka-password", &kafka, &["ingest", "processor", "sink"]).await
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(self.deployment.folder().join("secrets").join(name))?)
    }

    /// Puts a new secret into its file, and waits until these programs have taken it.
    async fn change_file(&self, name: &str, value: &str, programs: &[&str]) -> Result<()> {
        self.deployment.note_secret(&format!("an earlier {name}"), &self.read(name)?);
        let path = self.deployment.folder().join("secrets").join(name);
        let reference = format!("file:{}", path.display());
        let before = self.changes(&reference, programs).await;
        let written = path.with_extension("new");
        std::fs::write(&written, value)?;
        std::fs::rename(&written, &path)?;
        self.changed(&reference, programs, before).await
    }

    /// Waits until these programs have each taken one more value than `before`.
    async fn changed(&self, reference: &str, programs: &[&str], before: Vec<f64>) -> Result<()> {
        until(&format!("{programs:?} take the new value of {reference}"), async || {
            let now = self.changes(reference, programs).await;
            Ok(now.iter().zip(&before).all(|(now, before)| now > before).then_some(()))
        })
        .await
    }

    /// How many values of a secret these programs have taken.
    async fn changes(&self, reference: &str, programs: &[&str]) -> Vec<f64> {
        let mut changes = Vec::new();
        for program in self.programs.iter().filter(|program| programs.contains(&program.binary())) {
            let samples = scrape(&self.client, &program.admin()).await;
            let of_reference = samples.iter().filter(|sample| {
                sample.name == "trunkline_secret_changes_total"
                    && sample.labels.get("secret").is_some_and(|secret| secret == reference)
            });
            changes.push(of_reference.map(|sample| sample.value).sum());
        }
        changes
    }

    /// Waits until everything that was accepted has come out, and has it judged.
    async fn end(self, sent: &Sent, took: Duration) -> Result<()> {
        let (posted, refused) = (sent.posted.load(Ordering::Relaxed), sent.refused.load(Ordering::Relaxed));
        let accepted = usize::try_from(posted - refused)?;
        let distinct = async || -> Result<usize> {
            let events = self.deployment.values("events.enriched").await?;
            let ids: BTreeSet<String> =
                events.iter().map(|event| Ok(event.text("eventId")?)).collect::<Result<_>>()?;
            ensure!(ids.len() == events.len(), "an event came out twice");
            Ok(ids.len())
        };
        until("every accepted event is enriched", async || Ok((distinct().await? >= accepted).then_some(())))
            .await?;
        self.deployment.written_back().await?;
        for program in self.programs {
            program.stop().await?;
        }
        let calls = self.deployment.sandbox().audit().entries(None);
        let of_tokens = |path: &str| path.contains("token");
        let tokens = calls.iter().filter(|call| of_tokens(&call.path)).count();
        let unauthorized = calls.iter().filter(|call| call.status == 401).count();
        let report = self.deployment.judge(true).await?;
        println!(
            "in {:.0} s {} changes of 5 secrets; webhooks: {posted} posted, {refused} refused, the slowest \
             answered after {} ms; outside systems: {} \
             calls, {tokens} for tokens, {unauthorized} refused; Kafka: {} logins refused, {} of {accepted} events out",
            took.as_secs_f64(),
            5 * ROUNDS,
            sent.slowest_ms.load(Ordering::Relaxed),
            calls.len(),
            self.broker.refused()?,
            distinct().await?,
        );
        ensure!(report.violations.is_empty(), "{:?}", report.violations);
        ensure!(report.judged.iter().any(|id| id == "I8"), "secrets were searched for");
        let skipped = report.not_judged.iter().find(|skipped| skipped.id.starts_with("I8"));
        ensure!(skipped.is_none(), "they were not searched for everywhere: {skipped:?}");
        ensure!(tokens > 2 * ROUNDS, "tokens were asked for with the new secrets");
        ensure!((refused, unauthorized) == (0, 0), "something was refused, see above");
        Ok(())
    }
}

/// Puts a version of the secret into Vault.
async fn put(client: &reqwest::Client, vault: &StandIn, value: &str) -> Result<()> {
    let request = client.post(format!("{}/v1/{IN_VAULT}", vault.address)).header("x-vault-token", ROOT);
    let answer = request.body(json!({"data": {"client_secret": value}}).to_string()).send().await?;
    ensure!(answer.status().is_success(), "the stand-in answers {}", answer.status());
    Ok(())
}
