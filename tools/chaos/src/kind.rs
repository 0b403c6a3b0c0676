//! The kinds of faults that the random schedule knows: what the table of the world's faults says how often to play.

use crate::fault::{Fault, Interruption, Lapse, Trouble};

/// A kind of fault of the random schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "each is the variant of `Fault`, `Trouble`, `Interruption` or `Lapse` of that name"
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
            Fault::Processor { trouble, .. } => Self::of_trouble(trouble),
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

    fn of_trouble(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Killed { .. } => Self::ProcessorKilled,
            Trouble::Frozen { .. } => Self::ProcessorFrozen,
            Trouble::Cut => Self::ConnectionsCut,
            Trouble::Slow { .. } => Self::ConnectionsSlow,
            Trouble::Blackhole { .. } => Self::ConnectionsBlackholed,
            Trouble::DelayedEndTxn { .. } => Self::EndTxnDelayed,
            Trouble::OvertakenEndTxn { .. } => Self::EndTxnOvertaken,
            Trouble::LostEndTxnAnswer => Self::EndTxnAnswerLost,
            Trouble::FullDisk { .. } => Self::DiskFull,
        }
    }
}
