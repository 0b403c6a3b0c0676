//! The heaviest input that is accepted takes less memory than the manifests allow, and none of it is lost.

use std::path::Path;

use anyhow::{Context as _, Result};
use trunkline_tests::payloads::call;
use trunkline_tests::{Deployment, Program, until};

const CUSTOMER: &str = "C-000001";
const START: i64 = 1_775_000_000_000;
/// Conversations, each of which begins with a payload of nearly the largest size.
const CONVERSATIONS: usize = 25;
/// How often each is posted, all of them at once: 400 MB, which is a dozen times what ingest may hold.
const TIMES: usize = 8;
/// Numbers of two bytes each that make a payload nearly as large as may be (2 MiB); parsed, nothing takes more memory
/// for its size.
const NUMBERS: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_bodies_all_at_once_stay_within_the_limits_of_the_manifests() -> Result<()> {
    let deployment = Deployment::new("memory", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let processor = deployment.start("processor", "processor-0").await?;

    let mut statuses: Vec<u16> = Vec::new();
    let posts = (0..TIMES).flat_map(|_| 0..CONVERSATIONS).map(|number| deployment.post(large(number)));
    for reply in futures_util::future::join_all(posts).await {
        statuses.push(reply?.status);
    }
    assert!(statuses.iter().all(|status| [202, 503].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&503), "there was room for all: this is no test of what happens without");
    for number in 0..CONVERSATIONS {
        until("what was refused is taken when it comes again", async || {
            Ok((deployment.post(large(number)).await?.status == 202).then_some(()))
        })
        .await?;
    }
    until("every event comes out", async || {
        let enriched = deployment.records("events.enriched").await?;
        Ok((enriched.len() == CONVERSATIONS).then_some(()))
    })
    .await?;
    below_its_limit("ingest", &ingest)?;
    below_its_limit("processor", &processor)
}

/// A payload of nearly the largest size, the first of a conversation.
fn large(number: usize) -> String {
    let conversation = format!("2f7bf00a-0fc2-4d6a-9b57-{number:012}");
    let transport = format!("6f1c2ff0-0000-4000-8001-{number:012}");
    let envelope = call(&conversation, CUSTOMER, START)[0].envelope(&transport).to_string();
    let numbers = vec!["0"; NUMBERS].join(",");
    envelope.replacen("\"eventBody\":{", &format!("\"eventBody\":{{\"numbers\":[{numbers}],"), 1)
}

fn below_its_limit(binary: &str, program: &Program) -> Result<()> {
    let Some(peak) = program.peak_memory() else { return Ok(()) };
    let limit = limit_of(binary)?;
    println!("{binary} took {} of {} MiB at most", peak >> 20, limit >> 20);
    anyhow::ensure!(peak < limit, "{binary} took {peak} bytes; its manifest allows {limit}");
    Ok(())
}

/// The memory that a binary's manifest allows it, in bytes.
fn limit_of(binary: &str) -> Result<u64> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../deploy/kubernetes/{binary}.yaml"));
    let text = std::fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    let limits = text.split_once("limits:").context("the manifest has no limits")?.1;
    let memory = limits.split_once("memory:").context("its limits name no memory")?.1;
    let word = memory.split_whitespace().next().context("its limit is empty")?;
    let (number, shift) = match (word.strip_suffix("Mi"), word.strip_suffix("Gi")) {
        (Some(number), _) => (number, 20),
        (_, Some(number)) => (number, 30),
        _ => anyhow::bail!("the limit {word} is in neither Mi nor Gi"),
    };
    Ok(number.parse::<u64>()? << shift)
}
