//! A CRM goes away, hangs, or the sink is killed in the middle of its calls: every command still gets one result, and
//! its write takes effect once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Result;
use trunkline_simulators::{FaultProfile, System};
use trunkline_tests::payloads::call;
use trunkline_tests::{Deployment, until};

const CUSTOMER: u32 = 1;
const START: i64 = 1_775_000_000_000;
/// The first goes through before anything happens, so that the sink has its tokens.
const CALLS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_is_away_holds_up_nobody_else_and_gets_every_write_once_when_it_is_back() -> Result<()> {
    let deployment = Deployment::new("outage", "sorted").await?;
    let _ingest = deployment.start("ingest", "ingest-0").await?;
    let _processor = deployment.start("processor", "processor-0").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    post_calls(&deployment, 0..1).await?;
    all_results(&deployment, 1).await?;
    let crm = deployment.sandbox();
    crm.set_fault(System::Salesforce, FaultProfile { down: true, ..FaultProfile::default() });
    post_calls(&deployment, 1..CALLS).await?;

    until("all write-backs to Genesys are done while Salesforce is away", async || {
        Ok((results(&deployment).await?.get("genesys").map(Vec::len) == Some(CALLS)).then_some(()))
    })
    .await?;
    until("the open breaker is reported", async || reported(&deployment, "to open").await).await?;
    assert_eq!(results(&deployment).await?["salesforce"].len(), 1, "nothing ends: it waits in Kafka");

    crm.set_fault(System::Salesforce, FaultProfile::default());
    let outcomes = all_results(&deployment, CALLS).await?;
    assert_eq!(outcomes["salesforce"], vec!["APPLIED"; CALLS]);
    until("the closed breaker is reported", async || reported(&deployment, "to closed").await).await?;
    effects_are_single(&deployment);
    sink.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_killed_while_its_calls_hang_finds_out_what_they_did() -> Result<()> {
    let deployment = Deployment::new("hang", "sorted").await?;
    let _ingest = deployment.start("ingest", "ingest-0").await?;
    let _processor = deployment.start("processor", "processor-0").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    post_calls(&deployment, 0..1).await?;
    all_results(&deployment, 1).await?;
    // From now on every write takes effect and no answer comes back.
    let crm = deployment.sandbox();
    crm.set_fault(System::Salesforce, FaultProfile { hang_rate: 1.0, ..FaultProfile::default() });
    post_calls(&deployment, 1..CALLS).await?;
    until("more writes took effect at Salesforce", async || {
        Ok((salesforce_effects(&deployment) > 1).then_some(()))
    })
    .await?;
    sink.kill().await?;
    crm.set_fault(System::Salesforce, FaultProfile::default());
    let sink = deployment.start("sink", "sink-0").await?;

    let outcomes = all_results(&deployment, CALLS).await?;
    let already = outcomes["salesforce"].iter().filter(|outcome| *outcome == "ALREADY_APPLIED").count();
    assert!(already > 0, "what took effect before the kill is recognised: {outcomes:?}");
    assert!(
        outcomes["salesforce"].iter().all(|outcome| outcome == "APPLIED" || outcome == "ALREADY_APPLIED")
    );
    effects_are_single(&deployment);
    sink.stop().await?;
    Ok(())
}

/// Short calls of one customer, each ending in a write-back to either system.
async fn post_calls(deployment: &Deployment, numbers: Range<usize>) -> Result<()> {
    for number in numbers {
        let conversation = format!("2f7bf00a-0fc2-4d6a-9b56-{number:012}");
        for (position, step) in call(&conversation, CUSTOMER, START).iter().enumerate() {
            let transport = format!("6f1c2ff0-0000-4000-8000-{:012}", number * 100 + position);
            let reply = deployment.post(step.envelope(&transport)).await?;
            anyhow::ensure!(reply.status == 202, "{step:?}: {}", reply.body);
        }
    }
    Ok(())
}

/// Outcomes by target, each command once.
async fn results(deployment: &Deployment) -> Result<BTreeMap<String, Vec<String>>> {
    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut commands = BTreeSet::new();
    for result in deployment.values("writeback.results").await? {
        anyhow::ensure!(commands.insert(result.text("commandId")?), "a second result for {result:?}");
        outcomes.entry(result.text("target")?).or_default().push(result.text("outcome")?);
    }
    Ok(outcomes)
}

/// Outcomes by target, once the commands of so many calls have theirs.
async fn all_results(deployment: &Deployment, calls: usize) -> Result<BTreeMap<String, Vec<String>>> {
    until("every command has a result", async || {
        let outcomes = results(deployment).await?;
        let complete = outcomes.len() == 2 && outcomes.values().all(|outcomes| outcomes.len() == calls);
        Ok(complete.then_some(outcomes))
    })
    .await
}

/// Whether `pipeline.errors` tells that Salesforce's breaker went there.
async fn reported(deployment: &Deployment, transition: &str) -> Result<Option<()>> {
    for error in deployment.values("pipeline.errors").await? {
        let subject = error.optional_text("subject")?.unwrap_or_default();
        let about = error.text("component")? == "sink" && subject.starts_with("salesforce/");
        if about && error.text("code")? == "TL-4001" && error.text("message")?.contains(transition) {
            return Ok(Some(()));
        }
    }
    Ok(None)
}

fn salesforce_effects(deployment: &Deployment) -> usize {
    let entries = deployment.sandbox().audit().entries(Some(System::Salesforce));
    entries.iter().filter(|entry| entry.effect).count()
}

fn effects_are_single(deployment: &Deployment) {
    let mut effects: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for entry in deployment.sandbox().audit().entries(None).into_iter().filter(|entry| entry.effect) {
        *effects.entry(entry.idempotency_key).or_default() += 1;
    }
    assert_eq!(effects.len(), 2 * CALLS);
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
}
