//! Phone numbers as E.164, by libphonenumber's tables.

use phonenumber::Mode;
use phonenumber::country::Id;

/// The number in E.164 (`+4930123456`); `region` is the country of those that are written without their country's code.
/// `None` for what is no number that exists.
pub(super) fn e164(written: &str, region: Option<Id>) -> Option<String> {
    let written = written.trim();
    let written = written.strip_prefix("tel:").unwrap_or(written);
    let number = phonenumber::parse(region, written).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(Mode::E164).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brought_into_one_form() {
        let germany = Some(Id::DE);
        for (written, region, expected) in [
            ("+4930901820", None, Some("+4930901820")),
            ("tel:+49 30 901-820", None, Some("+4930901820")),
            ("030/901820", germany, Some("+4930901820")),
            ("(317) 200-0001", Some(Id::US), Some("+13172000001")),
            ("030 901820", None, None),
            ("+49", germany, None),
            ("anonymous", germany, None),
            ("", germany, None),
            ("+99999999999999999999", None, None),
        ] {
            assert_eq!(e164(written, region).as_deref(), expected, "{written}");
        }
    }
}
