//! Phone numbers, as people and machines write them.

use phonenumber::Mode;
use phonenumber::country::Id;

/// The number in E.164 (`+4930123456`); `region` is the country of those that are written without their country's code.
/// `None` for what is no number that exists.
pub(crate) fn e164(text: &str, region: Option<Id>) -> Option<String> {
    let bare = text.trim();
    let parsed = phonenumber::parse(region, bare.strip_prefix("tel:").unwrap_or(bare)).ok()?;
    phonenumber::is_valid(&parsed).then(|| parsed.format().mode(Mode::E164).to_string())
}

/// The number without its country's code, of one in E.164.
pub(crate) fn national(e164: &str) -> Option<String> {
    Some(phonenumber::parse(None, e164).ok()?.national().value().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_one_however_it_is_written() {
        let of = |text, region: Option<Id>| e164(text, region);
        for text in ["+4930901820", "tel:+49 30 901820", " +49 (30) 90-18-20"] {
            assert_eq!(of(text, None).as_deref(), Some("+4930901820"), "{text}");
        }
        assert_eq!(of("030 901820", Some(Id::DE)).as_deref(), Some("+4930901820"));
        assert_eq!((of("030 901820", None), of("+1", None), of("none", Some(Id::DE))), (None, None, None));
        assert_eq!(national("+4930901820").as_deref(), Some("30901820"));
    }
}
