//! By what somebody can be known who has no id: phone numbers as E.164, by libphonenumber's tables, and e-mail
//! addresses.

use phonenumber::Mode;
/// The country of phone numbers that are written without their country's code: ISO 3166-1 alpha-2, parsed from `DE`.
pub use phonenumber::country::Id as Region;

/// Where somebody calls or writes from, or is called or written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A phone number in E.164.
    Phone(String),
    /// An e-mail address, as it is written.
    Email(String),
}

/// Digits that a phone number has at least: shorter ones are extensions and short codes.
const PHONE_DIGITS: usize = 7;

/// What telephone systems send for callers who have no number, or withhold it: words on the keys of a telephone
/// (ANONYMOUS, RESTRICTED, UNAVAILABLE, BLOCKED, UNKNOWN).
const WORDS: [&str; 5] = ["266696687", "7378742833", "86282452253", "2562533", "8656696"];

/// The schemes of addresses: telephone (RFC 3966), SIP (RFC 3261) and e-mail (RFC 6068).
const SCHEMES: [&str; 4] = ["tel:", "sip:", "sips:", "mailto:"];

// === impl Address ===

impl Address {
    /// What an address means to somebody outside: the number of a telephone or an e-mail address. `region` as for
    /// [`e164`]. `None` for whoever withholds the number, for extensions and short codes, and for what is an address
    /// within a telephone system, as a SIP address without a whole number is.
    pub fn of(written: &str, region: Option<Region>) -> Option<Self> {
        let written = written.trim();
        let (scheme, rest) = split_scheme(written);
        let parameters = rest.find([';', '?']);
        let plain = parameters.map_or(rest, |at| &rest[..at]);
        let is_global = plain.starts_with('+');
        match scheme {
            "sip:" | "sips:" => {
                let user = plain.split('@').next().filter(|user| user.starts_with('+'))?;
                phone(user, None).map(Self::Phone)
            }
            // A number with a context is one of a telephone system's own.
            "tel:" if parameters.is_some() && !is_global => None,
            "tel:" => phone(plain, region).map(Self::Phone),
            _ if is_email(plain) => Some(Self::Email(plain.to_owned())),
            "" if parameters.is_none() => phone(plain, region).map(Self::Phone),
            _ => None,
        }
    }

    /// The number or the address.
    pub fn into_text(self) -> String {
        match self {
            Self::Phone(text) | Self::Email(text) => text,
        }
    }
}

/// The number in E.164 (`+4930123456`); `region` is the country of those that are written without their country's code.
/// `None` for what is no number that exists.
pub fn e164(written: &str, region: Option<Region>) -> Option<String> {
    let written = written.trim();
    let written = written.strip_prefix("tel:").unwrap_or(written);
    let number = phonenumber::parse(region, written).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(Mode::E164).to_string())
}

/// Whether a text is written as a phone number: digits, at least as many as a number has, and what people put between
/// them.
pub fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= PHONE_DIGITS && text.chars().all(|sign| sign.is_ascii_digit() || "+ -./()".contains(sign))
}

/// Whether a text is an e-mail address.
pub fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|sign: char| sign.is_whitespace() || sign == '@');
    text.split_once('@').is_some_and(|(local, host)| plain(local) && plain(host) && host.contains('.'))
}

fn phone(written: &str, region: Option<Region>) -> Option<String> {
    if !is_phone(written) || WORDS.contains(&written.trim_start_matches('+')) {
        return None;
    }
    let number = e164(written, region)?;
    // Some telephone systems put the country's code before the word.
    let national = phonenumber::parse(None, &number).ok()?.national().value().to_string();
    (!WORDS.contains(&national.as_str())).then_some(number)
}

/// The scheme in lower case with its colon, or nothing, and what follows.
fn split_scheme(written: &str) -> (&'static str, &str) {
    let begins = |scheme: &&&'static str| {
        written.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    SCHEMES.iter().find(begins).map_or(("", written), |scheme| (*scheme, &written[scheme.len()..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GERMANY: Option<Region> = Some(Region::DE);

    #[test]
    fn numbers_are_brought_into_one_form() {
        for (written, region, expected) in [
            ("+4930901820", None, Some("+4930901820")),
            ("tel:+49 30 901-820", None, Some("+4930901820")),
            ("030/901820", GERMANY, Some("+4930901820")),
            ("(317) 200-0001", Some(Region::US), Some("+13172000001")),
            ("030 901820", None, None),
            ("+49", GERMANY, None),
            ("anonymous", GERMANY, None),
            ("", GERMANY, None),
            ("+99999999999999999999", None, None),
        ] {
            assert_eq!(e164(written, region).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn an_address_is_a_number_or_an_e_mail_address_of_somebody_outside() {
        for (written, region, expected) in [
            ("tel:+13172000001", None, "+13172000001"),
            ("TEL:+1-317-200-0001;ext=5", None, "+13172000001"),
            ("+13172000001", None, "+13172000001"),
            ("030 901820", GERMANY, "+4930901820"),
            ("tel:030901820", GERMANY, "+4930901820"),
            ("sip:+13172000001@carrier.example;user=phone", None, "+13172000001"),
            ("sips:+13172000001@192.0.2.1:5061", None, "+13172000001"),
            ("Ada@example.com", None, "Ada@example.com"),
            ("mailto:ada@example.com?subject=x", None, "ada@example.com"),
        ] {
            let found = Address::of(written, region).map(Address::into_text);
            assert_eq!(found.as_deref(), Some(expected), "{written}");
        }
    }

    #[test]
    fn nobody_is_known_by_what_is_withheld_or_internal() {
        for written in [
            "",
            " ",
            "+",
            "tel:",
            "tel:+",
            "anonymous",
            "Restricted",
            "unknown",
            "sip:anonymous@anonymous.invalid",
            "sip:anonymous@anonymous.invalid;user=phone",
            "sip:ada.agent@edge.example.org",
            "sip:030901820@edge.example.org",
            "sip:4711@192.0.2.1",
            "4711",
            "tel:110",
            "12345",
            "tel:030901820;phone-context=edge.example.org",
            "+266696687",
            "7378742833",
            "tel:86282452253",
            "tel:+17378742833",
            "+1 (737) 874-2833",
            "sip:+17378742833@carrier.example",
            "tel:+49266696687",
            "ada@localhost",
            "1789456123045612",
            "7b8a6a1c-0000-5000-8000-000000000001",
            "+1 317 CALL ADA",
        ] {
            assert_eq!(Address::of(written, GERMANY), None, "{written}");
        }
        assert_eq!(Address::of("030 901820", None), None, "of no country");
    }

    proptest! {
        /// What an address comes to is the address that comes to itself.
        #[test]
        fn what_is_found_is_found_again(written in "(tel:|sip:|mailto:|)[+0-9a-z@. ;-]{0,24}") {
            if let Some(found) = Address::of(&written, GERMANY) {
                prop_assert_eq!(Address::of(&found.clone().into_text(), None), Some(found));
            }
        }

        #[test]
        fn no_text_stops_it(written in ".{0,40}") {
            let _ = Address::of(&written, GERMANY);
        }
    }
}
