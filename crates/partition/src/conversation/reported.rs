//! What the end of a session tells about it.

use serde::Deserialize;
use trunkline_schemas::Attribute;

/// Durations that the platform measured itself, in milliseconds, as far as it told them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
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
    /// It went on to somebody else since nobody answered.
    NoAnswer,
}

// === impl Durations ===

impl Durations {
    /// Takes an attribute, if it is one of them. What is no number of milliseconds is not told.
    pub(super) fn take(&mut self, attribute: Attribute<'_>) {
        let place = match attribute.name {
            b"interactingDurationMs" => &mut self.interacting,
            b"heldDurationMs" => &mut self.held,
            b"alertingDurationMs" => &mut self.alerting,
            b"contactingDurationMs" => &mut self.contacting,
            b"dialingDurationMs" => &mut self.dialing,
            b"callbackDurationMs" => &mut self.callback,
            b"connectedDurationMs" => &mut self.connected,
            _ => return,
        };
        *place = milliseconds(attribute.value());
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

    /// Whether an agent was alerted, or its station called, and did nothing else; or, as is told, had no time with
    /// the customer.
    pub(super) fn missed(&self) -> bool {
        let alerted = self.alerting.unwrap_or(0).saturating_add(self.contacting.unwrap_or(0)) > 0;
        let told = self.interacting.is_some() || self.held.is_some();
        (alerted || told) && self.handled() == 0 && !self.called()
    }

    /// Whether an agent called somebody, or had a callback.
    pub(super) fn called(&self) -> bool {
        self.dialing.unwrap_or(0).max(self.callback.unwrap_or(0)) > 0
    }
}

// === impl Disconnect ===

impl Disconnect {
    /// Reads `disconnectType`: only the letters count. It is written in upper or lower case, with dots, underscores or
    /// capitals between words, and with the kind of transfer in front (`CONSULT_TRANSFER`, in detail events, and
    /// `consultTransfer`) or behind (`transfer.consult`, `TRANSFER_CONSULT`).
    pub(super) fn read(text: &str) -> Self {
        let mut text: String = text.chars().filter(char::is_ascii_alphabetic).collect();
        text.make_ascii_lowercase();
        match text.as_str() {
            "transferconference" => return Self::TransferConference,
            "conferencetransfer" => return Self::ConferenceTransfer,
            _ => {}
        }
        let kind = text.strip_prefix("transfer").or_else(|| text.strip_suffix("transfer"));
        match kind.unwrap_or(&text) {
            // Do not disturb: the agent's telephone took nothing.
            "noanswer" | "notavailable" | "dnd" | "dndendpoint" => Self::NoAnswer,
            "consult" if kind.is_some() => Self::Consult,
            _ if kind.is_some() => Self::Transfer,
            _ => Self::Other,
        }
    }

    pub(super) fn is_conference(self) -> bool {
        matches!(self, Self::TransferConference | Self::ConferenceTransfer)
    }
}

/// A number of milliseconds as an attribute tells it, in any notation that JSON has (`7000`, `7000.0`, `7e3`). Parts of
/// a millisecond are left out; what is negative, or more than 64 bits hold, is not told.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent),
        None => (text, "0"),
    };
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |number| (true, number));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !digits(whole) || !digits(fraction) || !digits(unsigned) {
        return None;
    }
    let significant = [whole, fraction].concat();
    if significant.bytes().all(|digit| digit == b'0') {
        return Some(0);
    }
    if negative {
        return None;
    }
    // More of them than an exponent of 32 bits says nothing else than the largest one.
    let shift = unsigned.parse::<i32>().unwrap_or(i32::MAX);
    let shift = if exponent.starts_with('-') { -i64::from(shift) } else { i64::from(shift) };
    let before_the_point = i64::try_from(whole.len()).ok()?.saturating_add(shift);
    let mut milliseconds: i64 = 0;
    let mut digits = significant.bytes().skip_while(|digit| *digit == b'0');
    let leading = significant.len() - digits.clone().count();
    for _ in 0..before_the_point.saturating_sub(i64::try_from(leading).ok()?).max(0) {
        let digit = digits.next().map_or(0, |digit| i64::from(digit - b'0'));
        milliseconds = milliseconds.checked_mul(10)?.checked_add(digit)?;
    }
    Some(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_in_any_notation_of_json() {
        for (text, expected) in [
            ("7000", Some(7_000)),
            ("7000.0", Some(7_000)),
            ("1e3", Some(1_000)),
            ("1.5E+3", Some(1_500)),
            ("12345e-2", Some(123)),
            ("0.00123e5", Some(123)),
            ("7.999", Some(7)),
            ("0.5", Some(0)),
            ("5e-1", Some(0)),
            ("1e-400", Some(0)),
            ("0e999999999999", Some(0)),
            ("-0.0", Some(0)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775807.9", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1e19", None),
            ("1e999999999999", None),
            ("-1", None),
            ("-0.5", None),
            ("", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("1e+", None),
            ("+1", None),
            ("NaN", None),
            ("0x10", None),
            ("1 000", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }

    #[test]
    fn the_same_end_has_several_spellings() {
        for (spellings, expected) in [
            (
                &["NO_ANSWER_TRANSFER", "transfer.noanswer", "TRANSFER_NOANSWER", "noAnswerTransfer"][..],
                Disconnect::NoAnswer,
            ),
            (
                &["NOT_AVAILABLE_TRANSFER", "transfer.notavailable", "notAvailableTransfer"],
                Disconnect::NoAnswer,
            ),
            (&["DND_TRANSFER", "DND_ENDPOINT", "transfer.dnd"], Disconnect::NoAnswer),
            (
                &["CONSULT_TRANSFER", "transfer.consult", "TRANSFER_CONSULT", "consultTransfer"],
                Disconnect::Consult,
            ),
            (&["transfer", "TRANSFER", "FORWARD_TRANSFER", "transfer.forward"], Disconnect::Transfer),
            (&["CONFERENCE_TRANSFER", "conferenceTransfer"], Disconnect::ConferenceTransfer),
            (&["transfer.conference", "TRANSFER_CONFERENCE"], Disconnect::TransferConference),
            (&["client", "ENDPOINT", "peer", "TIMEOUT", "consult", "UNCALLABLE", ""], Disconnect::Other),
        ] {
            for text in spellings {
                assert_eq!(Disconnect::read(text), expected, "{text}");
            }
        }
    }
}
