//! The kinds of faults that the random schedule knows: what the table of the world's faults says how often to play.

use crate::fault::{Fault, Interruption, Lapse, ProcessorFault};

/// A kind of fault of the random schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "each is the variant of `Fault`, `ProcessorFault`, `Interruption` or `Lapse` of that name"
)]
pub enum Kind {
    ProcessorKilled,
    ProcessorFrozen,
    ConnectionsCut,
    ConnectionsSlow,
    ConnectionsBlackholed,
    EndTxnDelayed,
    EndTxnOvertaken,
    EndTxnAnswerLost,
    DiskFull,
    RollingRestart,
    BrokerKilled,
    SinkKilled,
    SinkFrozen,
    IngestKilled,
    IngestFrozen,
    SystemDown,
    SystemSlow,
    SystemAnswersLost,
    TokensRevoked,
}

// === impl Kind ===

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::ProcessorKilled,
        Self::ProcessorFrozen,
        Self::ConnectionsCut,
        Self::ConnectionsSlow,
        Self::ConnectionsBlackholed,
        Self::EndTxnDelayed,
        Self::EndTxnOvertaken,
        Self::EndTxnAnswerLost,
        Self::DiskFull,
        Self::RollingRestart,
        Self::BrokerKilled,
        Self::SinkKilled,
        Self::SinkFrozen,
        Self::IngestKilled,
        Self::IngestFrozen,
        Self::SystemDown,
        Self::SystemSlow,
        Self::SystemAnswersLost,
        Self::TokensRevoked,
    ];

    /// The kind of a fault.
    pub fn of(fault: &Fault) -> Self {
        match fault {
            Fault::Processor { fault, .. } => Self::of_processor_fault(fault),
            Fault::RollingRestart => Self::RollingRestart,
            Fault::KillBroker { .. } => Self::BrokerKilled,
            Fault::Sink(Interruption::Killed { .. }) => Self::SinkKilled,
            Fault::Sink(Interruption::Frozen { .. }) => Self::SinkFrozen,
            Fault::Ingest(Interruption::Killed { .. }) => Self::IngestKilled,
            Fault::Ingest(Interruption::Frozen { .. }) => Self::IngestFrozen,
            Fault::System { lapse: Lapse::Down { .. }, .. } => Self::SystemDown,
            Fault::System { lapse: Lapse::Slow { .. }, .. } => Self::SystemSlow,
            Fault::System { lapse: Lapse::AnswersLost { .. }, .. } => Self::SystemAnswersLost,
            Fault::System { lapse: Lapse::TokensRevoked, .. } => Self::TokensRevoked,
        }
    }

    fn of_processor_fault(fault: &ProcessorFault) -> Self {
        match fault {
            ProcessorFault::Killed { .. } => Self::ProcessorKilled,
            ProcessorFault::Frozen { .. } => Self::ProcessorFrozen,
            ProcessorFault::Cut => Self::ConnectionsCut,
            ProcessorFault::Slow { .. } => Self::ConnectionsSlow,
            ProcessorFault::Blackhole { .. } => Self::ConnectionsBlackholed,
            ProcessorFault::DelayedEndTxn { .. } => Self::EndTxnDelayed,
            ProcessorFault::OvertakenEndTxn { .. } => Self::EndTxnOvertaken,
            ProcessorFault::LostEndTxnAnswer => Self::EndTxnAnswerLost,
            ProcessorFault::FullDisk { .. } => Self::DiskFull,
        }
    }
}
