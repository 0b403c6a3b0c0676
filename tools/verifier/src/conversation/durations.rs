//! What the end of a session tells about it, from the platform's own words.

use std::num::IntErrorKind;

use crate::evidence::Told;

/// How a session ended; the later, the more it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum How {
    #[default]
    Untold,
    AnotherWay,
    Transferred,
    AfterConsult,
    OutOfConference,
    ConferenceTransferred,
    Unanswered,
}

/// Whole milliseconds of a number as JSON writes it; none that are negative, or too many for 64 bits.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (coefficient, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, "0"),
    };
    let exponent = match exponent.parse::<i64>() {
        Ok(exponent) => exponent,
        Err(error) => match error.kind() {
            IntErrorKind::PosOverflow => i64::MAX,
            IntErrorKind::NegOverflow => i64::MIN,
            _ => return None,
        },
    };
    let positive = coefficient.trim_start_matches('-');
    let (whole, fraction) = positive.split_once('.').unwrap_or((positive, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if coefficient.len() - positive.len() > 1 || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let mut digits = digits.trim_start_matches('0').to_owned();
    let tens = exponent.saturating_sub(i64::try_from(fraction.len()).ok()?);
    if digits.is_empty() {
        return Some(0);
    }
    if positive.len() < coefficient.len() || tens > 19 {
        return None;
    }
    if tens < 0 {
        let kept = digits.len().saturating_sub(usize::try_from(tens.unsigned_abs()).unwrap_or(usize::MAX));
        digits.truncate(kept);
    } else {
        digits.extend((0..tens).map(|_| '0'));
    }
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}

// === impl How ===

impl How {
    /// Words come in any order, and are written together, or with a point or a stroke between them.
    pub(super) fn read(told: &Told) -> Self {
        let Some(text) = told.attributes.get("disconnectType") else { return Self::Untold };
        let text: String = text
            .chars()
            .filter(char::is_ascii_alphabetic)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let transfer = text.starts_with("transfer") || text.ends_with("transfer");
        match text.replacen("transfer", "", 1).as_str() {
            "consult" if transfer => Self::AfterConsult,
            "conference" if text.starts_with("transfer") => Self::OutOfConference,
            "conference" if transfer => Self::ConferenceTransferred,
            "noanswer" | "notavailable" | "dnd" | "dndendpoint" => Self::Unanswered,
            _ if transfer => Self::Transferred,
            _ => Self::AnotherWay,
        }
    }

    pub(super) fn is_conference(self) -> bool {
        self == Self::OutOfConference || self == Self::ConferenceTransferred
    }
}
