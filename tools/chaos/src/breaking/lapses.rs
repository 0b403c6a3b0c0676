//! What the outside systems are made to do.

use tokio::time::sleep;
use trunkline_simulators::{FaultProfile, Sandbox, System};

use crate::fault::Lapse;
use crate::journal;

/// Share of the requests whose answers are lost while they are.
const LOST: f64 = 0.3;

/// Plays a lapse from its beginning to its end.
pub(super) async fn play(sandbox: &Sandbox, system: System, lapse: Lapse) {
    let fine = FaultProfile::default();
    let (fault, length) = match lapse {
        Lapse::Down { length } => (FaultProfile { down: true, ..fine }, length),
        Lapse::Slow { latency, length } => {
            let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
            (FaultProfile { latency_ms, ..fine }, length)
        }
        Lapse::AnswersLost { length } => (FaultProfile { hang_rate: LOST, ..fine }, length),
        // Takes effect once, at once.
        Lapse::TokensRevoked => {
            return sandbox.set_fault(system, FaultProfile { revoke_tokens: true, ..fine });
        }
    };
    sandbox.set_fault(system, fault);
    sleep(length).await;
    sandbox.set_fault(system, FaultProfile::default());
}

/// What the journal counts it as.
pub(super) fn counted(lapse: Lapse) -> &'static str {
    match lapse {
        Lapse::Down { .. } => journal::SYSTEM_OUTAGES,
        Lapse::Slow { .. } => journal::SLOW_SYSTEMS,
        Lapse::AnswersLost { .. } => journal::LOST_SYSTEM_ANSWERS,
        Lapse::TokensRevoked => journal::TOKEN_REVOCATIONS,
    }
}
