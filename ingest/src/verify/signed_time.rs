//! How old a signature may be.

use chrono::DateTime;
use trunkline_config::{SignedTime, TimeUnit};

use super::Failure;

/// Most digits of a time that is a number: milliseconds since 1970 have 13.
const DIGITS_MAX: usize = 15;

/// Looks whether a signature that was made at `written` is believed at `utc_ms`, in milliseconds since 1970.
///
/// # Errors
/// [`Failure::Stale`] when it is as old as is tolerated, or older, or is dated further ahead than that;
/// [`Failure::Malformed`] when it is no time.
pub fn check(time: &SignedTime, written: &str, utc_ms: i64) -> Result<(), Failure> {
    let signed = milliseconds(time.unit, written).ok_or(Failure::Malformed)?;
    let tolerance = i64::try_from(time.tolerance.as_millis()).unwrap_or(i64::MAX);
    let age = utc_ms.saturating_sub(signed);
    if age < tolerance && age.saturating_neg() <= tolerance { Ok(()) } else { Err(Failure::Stale) }
}

fn milliseconds(unit: TimeUnit, written: &str) -> Option<i64> {
    let number = || {
        let digits = written.len() <= DIGITS_MAX && written.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| written.parse::<i64>().ok()).flatten()
    };
    match unit {
        TimeUnit::Seconds => number()?.checked_mul(1_000),
        TimeUnit::Milliseconds => number(),
        TimeUnit::Rfc3339 => DateTime::parse_from_rfc3339(written).ok().map(|time| time.timestamp_millis()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use trunkline_config::TimeAt;

    use super::*;

    /// 2021-02-25T15:02:10Z.
    const NOW: i64 = 1_614_265_330_000;

    #[test]
    fn a_time_is_believed_as_long_as_it_is_near_and_written_as_configured() {
        use TimeUnit::{Milliseconds, Rfc3339, Seconds};
        for (unit, written, expected) in [
            (Seconds, "1614265330", Ok(())),
            (Seconds, "1614265031", Ok(())),
            (Seconds, "1614265030", Err(Failure::Stale)),
            (Seconds, "1614265630", Ok(())),
            (Seconds, "1614265631", Err(Failure::Stale)),
            (Seconds, "0", Err(Failure::Stale)),
            (Seconds, "", Err(Failure::Malformed)),
            (Seconds, "-1614265330", Err(Failure::Malformed)),
            (Seconds, "+1614265330", Err(Failure::Malformed)),
            (Seconds, " 1614265330", Err(Failure::Malformed)),
            (Seconds, "1614265330.0", Err(Failure::Malformed)),
            (Seconds, "1614265330000000000", Err(Failure::Malformed)),
            (Seconds, "999999999999999", Err(Failure::Stale)),
            (Milliseconds, "1614265330000", Ok(())),
            (Milliseconds, "1614265330", Err(Failure::Stale)),
            (Rfc3339, "2021-02-25T15:02:10Z", Ok(())),
            (Rfc3339, "2021-02-25T16:02:10.5+01:00", Ok(())),
            (Rfc3339, "2021-02-25T14:02:10Z", Err(Failure::Stale)),
            (Rfc3339, "1614265330", Err(Failure::Malformed)),
        ] {
            let tolerance = Duration::from_secs(300);
            let time = SignedTime { at: TimeAt::Header("t".to_owned()), unit, tolerance };
            assert_eq!(check(&time, written, NOW), expected, "{unit:?} {written}");
        }
    }
}
