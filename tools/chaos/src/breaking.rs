//! Does what the schedule says, and notes what really came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use trunkline_rig::process::{Ending, signal};

use crate::fault::{Fault, Interruption, Lane, ProcessorFault, SESSION_TIMEOUT};
use crate::frame;
use crate::journal::{self, Absence, Journal, now_ms};
use crate::link::{Injection, Observation};
use crate::schedule::Planned;
use crate::test_bed::{BROKERS, Processor, TestBed};
use trunkline_rig::supervisor::Member;

mod lapses;

/// How long to wait for an EndTxn to come by: transactions are short, but the processor may be restoring.
const END_TXN_PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait for the answer to an EndTxn.
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);
/// How long one processor of a rolling restart may take to be ready before it is the next one's turn.
const ROLLING_PATIENCE: Duration = Duration::from_secs(30);
/// A full disk is filled again as often: what the store deletes makes room.
const REFILL: Duration = Duration::from_millis(500);

/// Does everything in its time. Faults of one lane follow each other, late rather than at once when one takes longer.
pub async fn unfold(bed: &TestBed, planned: Vec<Planned>, start: Instant) {
    let mut lanes: BTreeMap<Lane, Vec<Planned>> = BTreeMap::new();
    for planned in planned {
        lanes.entry(planned.fault.lane()).or_default().push(planned);
    }
    // A rolling restart takes the processors from their own lanes, one after another.
    let hands: Vec<Mutex<()>> = bed.processors.iter().map(|_| Mutex::default()).collect();
    let breaking = Breaking { bed, journal: &bed.journal, hands };
    let lanes = lanes.into_values().map(async |lane| {
        for Planned { at, fault } in lane {
            sleep_until(start + at).await;
            breaking.befall(fault).await;
        }
    });
    futures_util::future::join_all(lanes).await;
}

struct Breaking<'a> {
    bed: &'a TestBed,
    journal: &'a Journal,
    /// Held by whoever does something to a processor.
    hands: Vec<Mutex<()>>,
}

// === impl Breaking ===

impl Breaking<'_> {
    async fn befall(&self, fault: Fault) {
        match fault {
            Fault::Processor { processor, fault } => {
                let _hand = self.hands[processor].lock().await;
                self.journal.say(fault.to_string());
                self.break_processor(&self.bed.processors[processor], fault).await;
            }
            Fault::RollingRestart => {
                self.journal.say(fault.to_string());
                self.rolling_restart().await;
            }
            Fault::KillBroker { broker, away } => {
                self.journal.say(fault.to_string());
                if let Err(error) = self.kill_broker(broker, away).await {
                    self.journal.say(format!("broker-{broker}: {error:#}"));
                }
            }
            Fault::Sink(interruption) => {
                self.journal.say(fault.to_string());
                let counts = [journal::SINK_KILLS, journal::SINK_FREEZES];
                interrupt(&self.bed.sink, interruption, counts, self.journal).await;
            }
            Fault::Ingest(interruption) => {
                self.journal.say(fault.to_string());
                let counts = [journal::INGEST_KILLS, journal::INGEST_FREEZES];
                interrupt(&self.bed.ingest, interruption, counts, self.journal).await;
            }
            Fault::System { system, lapse } => {
                self.journal.say(fault.to_string());
                lapses::play(&self.bed.sandbox, system, lapse).await;
                self.journal.count(lapses::counted(lapse));
            }
        }
    }

    async fn break_processor(&self, processor: &Processor, fault: ProcessorFault) {
        match fault {
            ProcessorFault::Killed { away, state_lost } => self.kill(processor, away, state_lost).await,
            ProcessorFault::Frozen { length, commit_after } => {
                self.freeze(processor, length, commit_after).await
            }
            ProcessorFault::Cut => {
                let connections = processor.link.cut();
                if connections > 0 {
                    self.journal.count(journal::CUTS);
                }
            }
            ProcessorFault::Slow { latency, length } => {
                processor.link.slow_down(latency);
                sleep(length).await;
                processor.link.restore();
                self.journal.count(journal::SLOW_CONNECTIONS);
            }
            ProcessorFault::Blackhole { broker, length } => {
                processor.link.swallow(broker.map_or(0..BROKERS, |broker| broker..broker + 1));
                sleep(length).await;
                processor.link.restore();
                self.journal.count(journal::BLACKHOLES);
            }
            ProcessorFault::DelayedEndTxn { hold } => self.delay_end_txn(processor, hold, false).await,
            ProcessorFault::OvertakenEndTxn { hold } => self.delay_end_txn(processor, hold, true).await,
            ProcessorFault::LostEndTxnAnswer => self.lose_answer(processor).await,
            ProcessorFault::FullDisk { length, killed } => self.fill_disk(processor, length, killed).await,
        }
    }

    async fn kill(&self, processor: &Processor, away: Duration, state_lost: bool) {
        let from_ms = now_ms();
        let meanwhile = async {
            if state_lost {
                match empty(&processor.state) {
                    Ok(()) => self.journal.count(journal::STATES_LOST),
                    Err(error) => self.journal.say(format!("its state cannot be deleted: {error}")),
                }
            }
            sleep(away).await;
        };
        if processor.member.kill(meanwhile).await {
            self.journal.count(journal::PROCESSOR_KILLS);
            self.note_absence(processor, from_ms, away);
        } else {
            self.journal.say(format!("{} was not there to be killed", processor.member.spec().instance));
        }
    }

    async fn freeze(&self, processor: &Processor, length: Duration, commit_after: Option<Duration>) {
        let instance = &processor.member.spec().instance;
        let mut committing = match commit_after {
            Some(hold) => self.order(processor, Injection::Hold { time: hold, cut: false }).await,
            None => None,
        };
        let Some(process) = processor.member.process().await else {
            return self.journal.say(format!("{instance} was not there to be frozen"));
        };
        let from_ms = now_ms();
        let stopped = signal(&[process], "STOP").await;
        sleep(length).await;
        if let Some(Ok(Observation::Delivered { .. })) =
            committing.as_mut().map(mpsc::UnboundedReceiver::try_recv)
        {
            self.journal.count(journal::ZOMBIES_MID_COMMIT);
            let answer = committing.and_then(|mut observations| observations.try_recv().ok());
            let answer = answer_text(answer);
            self.journal.say(format!(
                "the EndTxn of {instance} came while it was frozen; the broker answered {answer}"
            ));
        }
        let continued = signal(&[process], "CONT").await;
        match stopped.and(continued) {
            Ok(()) => {
                self.journal.count(journal::ZOMBIES);
                self.journal.say(format!("{instance} wakes up"));
                self.note_absence(processor, from_ms, length);
            }
            Err(error) => self.journal.say(format!("{instance} cannot be frozen: {error:#}")),
        }
    }

    fn note_absence(&self, processor: &Processor, from_ms: i64, length: Duration) {
        if length > SESSION_TIMEOUT {
            let instance = processor.member.spec().instance.clone();
            self.journal.absent(Absence { instance, from_ms, to_ms: now_ms() });
        }
    }

    async fn delay_end_txn(&self, processor: &Processor, hold: Duration, cut: bool) {
        let instance = &processor.member.spec().instance;
        let Some(mut observations) = self.order(processor, Injection::Hold { time: hold, cut }).await else {
            return;
        };
        let delivered = timeout(hold + ANSWER_PATIENCE, observations.recv()).await;
        let Ok(Some(Observation::Delivered { given_up })) = delivered else {
            return self.journal.say(format!("the EndTxn of {instance} was never delivered"));
        };
        let answer = answer_text(timeout(ANSWER_PATIENCE, observations.recv()).await.ok().flatten());
        let given_up = if given_up {
            self.journal.count(if cut { journal::OVERTAKEN_END_TXN } else { journal::DELAYED_END_TXN });
            self.journal.answered_late(answer.clone());
            "which had given it up"
        } else {
            "which still waited for it"
        };
        let said = format!("the EndTxn of {instance}, {given_up}, was delivered after {hold:.1?}");
        self.journal.say(format!("{said}; the broker answered {answer}"));
    }

    async fn lose_answer(&self, processor: &Processor) {
        let Some(mut observations) = self.order(processor, Injection::LoseAnswer).await else { return };
        while let Ok(Some(observed)) = timeout(ANSWER_PATIENCE, observations.recv()).await {
            if matches!(observed, Observation::Answered(_)) {
                self.journal.count(journal::LOST_END_TXN_ANSWERS);
                let answer = answer_text(Some(observed));
                let instance = &processor.member.spec().instance;
                return self.journal.say(format!("the answer {answer} to an EndTxn of {instance} was lost"));
            }
        }
    }

    /// Orders something for the next EndTxn, and waits until one comes by.
    async fn order(
        &self,
        processor: &Processor,
        injection: Injection,
    ) -> Option<mpsc::UnboundedReceiver<Observation>> {
        let mut observations = processor.link.order(injection);
        if timeout(END_TXN_PATIENCE, observations.recv()).await.is_ok() {
            return Some(observations);
        }
        if processor.link.withdraw() {
            let instance = &processor.member.spec().instance;
            self.journal.say(format!("no EndTxn of {instance} came by"));
            return None;
        }
        // It came by at the last moment.
        observations.recv().await.map(|_| observations)
    }

    async fn fill_disk(&self, processor: &Processor, length: Duration, killed: bool) {
        let Some(disk) = &self.bed.disk else { return };
        let full = async {
            let end = Instant::now() + length;
            while Instant::now() < end {
                if let Err(error) = disk.fill() {
                    return self.journal.say(format!("the disk cannot be filled: {error}"));
                }
                sleep(REFILL).await;
            }
            self.journal.count(journal::FULL_DISKS);
        };
        let kill = async {
            if killed {
                sleep(length / 3).await;
                self.kill(processor, Duration::ZERO, false).await;
            }
        };
        tokio::join!(full, kill);
        if let Err(error) = disk.free() {
            self.journal.say(format!("the disk cannot be freed: {error}"));
        }
        self.journal.say(format!("the disk of {} has room again", processor.member.spec().instance));
    }

    async fn rolling_restart(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        for (processor, hand) in self.bed.processors.iter().zip(&self.hands) {
            let _hand = hand.lock().await;
            let instance = &processor.member.spec().instance;
            if processor.member.restart().await == Ending::Forced {
                self.journal.say(format!("{instance} did not stop in order"));
            }
            let ready = processor.member.ready(&client, ROLLING_PATIENCE).await.is_ok();
            self.journal
                .say(format!("{instance} was restarted{}", if ready { "" } else { ", and is not ready" }));
        }
        self.journal.count(journal::ROLLING_RESTARTS);
    }

    async fn kill_broker(&self, broker: usize, away: Duration) -> anyhow::Result<()> {
        let cluster = &self.bed.cluster;
        // Never two at once: what two of three acknowledged could be lost, and nobody promises otherwise.
        if !cluster.whole().await {
            self.journal.say("the brokers are not whole: none is killed");
            return Ok(());
        }
        if cluster.kill_broker(broker).await? {
            self.journal.count(journal::BROKER_KILLS);
        }
        sleep(away).await;
        cluster.start_broker(broker)?;
        let whole = if cluster.whole().await { "whole again" } else { "still not whole" };
        self.journal.say(format!("the brokers are {whole}"));
        Ok(())
    }
}

/// Kills or freezes a process that has no others beside it; `counts` are those of kills and of freezes.
async fn interrupt(
    member: &Member,
    interruption: Interruption,
    counts: [&'static str; 2],
    journal: &Journal,
) {
    let instance = &member.spec().instance;
    let [kills, freezes] = counts;
    match interruption {
        Interruption::Killed { away } => {
            if member.kill(sleep(away)).await {
                journal.count(kills);
            } else {
                journal.say(format!("{instance} was not there to be killed"));
            }
        }
        Interruption::Frozen { length } => {
            let Some(process) = member.process().await else {
                return journal.say(format!("{instance} was not there to be frozen"));
            };
            let stopped = signal(&[process], "STOP").await;
            sleep(length).await;
            match stopped.and(signal(&[process], "CONT").await) {
                Ok(()) => journal.count(freezes),
                Err(error) => journal.say(format!("{instance} cannot be frozen: {error:#}")),
            }
        }
    }
}

/// What a broker answered, in Kafka's words.
fn answer_text(observed: Option<Observation>) -> String {
    match observed {
        Some(Observation::Answered(Some(code))) => frame::error_name(code),
        Some(Observation::Answered(None)) => "something else".to_owned(),
        _ => "nothing".to_owned(),
    }
}

/// Removes what is in a folder, but not the folder: a disk may be mounted there.
fn empty(folder: &std::path::Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
    }
    Ok(())
}
