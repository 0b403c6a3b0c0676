//! What the end of a session tells about it.

use serde::{Deserialize, Serialize};

/// Durations that the platform measured itself, in milliseconds, as far as it told them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Durations {
    pub(super) interacting: Option<i64>,
    pub(super) held: Option<i64>,
    pub(super) alerting: Option<i64>,
    pub(super) contacting: Option<i64>,
    pub(super) dialing: Option<i64>,
    pub(super) callback: Option<i64>,
    /// Time in a queue.
    pub(super) connected: Option<i64>,
}

/// Why a session ended, as far as figures depend on it; what says more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub(super) enum Disconnect {
    #[default]
    Untold,
    /// Somebody hung up, the system gave up …
    Other,
    Transfer,
    /// A transfer after the agents spoke to each other.
    Consult,
    /// A transfer out of a conference.
    TransferConference,
    ConferenceTransfer,
}

// === impl Durations ===

impl Durations {
    /// Takes an attribute of this name, if it is one. What is no number of milliseconds is not told.
    pub(super) fn take(&mut self, name: &str, value: &str) {
        let place = match name {
            "interactingDurationMs" => &mut self.interacting,
            "heldDurationMs" => &mut self.held,
            "alertingDurationMs" => &mut self.alerting,
            "contactingDurationMs" => &mut self.contacting,
            "dialingDurationMs" => &mut self.dialing,
            "callbackDurationMs" => &mut self.callback,
            "connectedDurationMs" => &mut self.connected,
            _ => return,
        };
        *place = milliseconds(value);
    }

    /// Of two that are told of one moment: the larger of each.
    pub(super) fn join(&self, other: &Self) -> Self {
        Self {
            interacting: self.interacting.max(other.interacting),
            held: self.held.max(other.held),
            alerting: self.alerting.max(other.alerting),
            contacting: self.contacting.max(other.contacting),
            dialing: self.dialing.max(other.dialing),
            callback: self.callback.max(other.callback),
            connected: self.connected.max(other.connected),
        }
    }

    /// All of an agent's time together; `None` when none of it was told.
    pub(super) fn of_agent(&self) -> Option<i64> {
        let all = [self.interacting, self.held, self.alerting, self.contacting, self.dialing, self.callback];
        all.into_iter().flatten().reduce(i64::saturating_add)
    }

    /// The time with the customer.
    pub(super) fn handled(&self) -> i64 {
        self.interacting.unwrap_or(0).saturating_add(self.held.unwrap_or(0))
    }

    /// Whether an agent was alerted and did nothing else.
    pub(super) fn alerted_only(&self) -> bool {
        let alerted = self.alerting.unwrap_or(0);
        alerted > 0 && self.of_agent() == Some(alerted)
    }
}

// === impl Disconnect ===

impl Disconnect {
    /// Reads `disconnectType`, which is written in upper or lower case, with dots or underscores, and with the kind
    /// of transfer in front (`CONSULT_TRANSFER`, in detail events) or behind (`transfer.consult`, elsewhere).
    pub(super) fn read(text: &str) -> Self {
        let text = text.to_ascii_lowercase().replace('_', ".");
        match text.as_str() {
            "transfer.consult" | "consult.transfer" => Self::Consult,
            "transfer.conference" => Self::TransferConference,
            "conference.transfer" => Self::ConferenceTransfer,
            "transfer" => Self::Transfer,
            _ if text.starts_with("transfer.") || text.ends_with(".transfer") => Self::Transfer,
            _ => Self::Other,
        }
    }

    pub(super) fn is_conference(self) -> bool {
        self >= Self::TransferConference
    }
}

/// A number of milliseconds as an attribute tells it.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| *number >= 0)
}
