//! One system behind its listeners: waits as a real one would, plays the faults, and writes the audit log.

use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;

use crate::audit::{AuditLog, Entry, answer_to_lookup};
use crate::fault::FaultProfile;
use crate::http::{Answer, Call};
use crate::settings::{Latency, SandboxSettings};
use crate::simulator::Simulator;
use crate::system::System;
use trunkline_load::clock::now_ms;
use trunkline_load::generator::Dice;

/// A system with its faults.
pub(crate) struct Backend {
    pub(crate) system: System,
    pub(crate) simulator: Mutex<Box<dyn Simulator>>,
    fault: Mutex<FaultProfile>,
    latency: Latency,
    dice: Mutex<Dice>,
    audit: AuditLog,
}

/// What is to happen to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fate {
    before: Duration,
    after: Duration,
    /// A status to answer with instead of doing anything.
    refused: Option<u16>,
    hang: bool,
}

/// How long a withheld answer is withheld: longer than any caller waits.
const HANG: Duration = Duration::from_secs(60);

// === impl Backend ===

impl Backend {
    pub(crate) fn new(
        system: System,
        simulator: Box<dyn Simulator>,
        settings: &SandboxSettings,
        audit: AuditLog,
    ) -> Self {
        let latency = settings.latency.get(&system).copied().unwrap_or(Latency::NONE);
        // Each system draws from a sequence of its own.
        let dice = Dice::new(settings.seed.wrapping_mul(31).wrapping_add(system as u64));
        let backend = Self {
            system,
            simulator: Mutex::new(simulator),
            fault: Mutex::new(FaultProfile::default()),
            latency,
            dice: Mutex::new(dice),
            audit,
        };
        backend.set_fault(settings.faults.get(&system).cloned().unwrap_or_default());
        backend
    }

    pub(crate) fn fault(&self) -> FaultProfile {
        self.fault.lock().clone()
    }

    pub(crate) fn set_fault(&self, fault: FaultProfile) {
        let mut simulator = self.simulator.lock();
        if fault.revoke_tokens {
            simulator.revoke_tokens();
        }
        simulator.limit(fault.rate_limit);
        simulator.hide(&fault.hidden);
        *self.fault.lock() = FaultProfile { revoke_tokens: false, ..fault };
    }

    /// Serves one request, which had arrived in full at `started_at`.
    pub(crate) async fn serve(&self, call: Call, started_at: f64) -> Answer {
        let fate = self.fate(&call);
        tokio::time::sleep(fate.before).await;
        let answer = match fate.refused {
            Some(status) => self.simulator.lock().broken(&call, status),
            None => self.simulator.lock().answer(&call, now_ms() as i64),
        };
        tokio::time::sleep(fate.after).await;
        self.record(&call, &answer, &fate, started_at);
        if fate.hang {
            tokio::time::sleep(HANG).await;
        }
        answer
    }

    /// Draws what happens: the state changes somewhere within the latency, so that a caller who gives up cannot know
    /// whether it did.
    fn fate(&self, call: &Call) -> Fate {
        let fault = self.fault.lock();
        let mut dice = self.dice.lock();
        let latency_ms = self.latency.at(dice.normal()) + fault.added_ms(call) as f64;
        let split = 0.3 + 0.6 * dice.unit();
        let failed = dice.chance(fault.error_rate);
        let hang = dice.chance(fault.hang_rate);
        let refused = match (fault.down, fault.forbids(call)) {
            (true, _) => Some(503),
            (_, true) => Some(403),
            _ => failed.then_some(500),
        };
        let millis = |milliseconds: f64| Duration::from_secs_f64(milliseconds / 1000.0);
        Fate {
            before: millis(latency_ms * split),
            after: millis(latency_ms * (1.0 - split)),
            hang: hang && refused.is_none(),
            refused,
        }
    }

    fn record(&self, call: &Call, answer: &Answer, fate: &Fate, started_at: f64) {
        let fault = match fate {
            Fate { refused: Some(503), .. } => Some("down"),
            Fate { refused: Some(403), .. } => Some("forbidden"),
            Fate { refused: Some(_), .. } => Some("error"),
            Fate { hang: true, .. } => Some("hang"),
            _ => None,
        };
        let header = |name: &str| call.header(name).map(str::to_owned);
        self.audit.record(Entry {
            system: self.system,
            method: call.method.clone(),
            path: call.target.clone(),
            resource: answer.resource.clone(),
            credential: answer.credential.clone(),
            started_at,
            finished_at: now_ms(),
            status: answer.status,
            effect: answer.effect,
            idempotency_key: answer.idempotency_key.clone(),
            client_request_id: header("x-request-id").or_else(|| header("traceparent")),
            client: header("sforce-call-options").or_else(|| header("user-agent")),
            fault: fault.map(str::to_owned),
            body: answer.keep_body.then(|| String::from_utf8_lossy(&call.body).into_owned()),
            // A withheld answer tells its caller nothing.
            answer: (!fate.hang).then(|| answer_to_lookup(self.system, call, answer)).flatten(),
        });
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Backend").field("system", &self.system).finish_non_exhaustive()
    }
}
