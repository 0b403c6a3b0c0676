//! Stable error codes, each with a page `docs/errors/TL-nnnn.md`: symptom, cause, command to run.
//!
//! TL-1xxx configuration, TL-2xxx ingest, TL-3xxx processor, TL-4xxx sink and outbound calls, TL-5xxx Kafka and the
//! registry. A code is never reused for something else.

use std::fmt;

/// A stable code and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode {
    /// `TL-nnnn`.
    pub code: &'static str,
    /// What happened, in a few words.
    pub title: &'static str,
}

macro_rules! error_codes {
    ($($name:ident = $code:literal, $title:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $title, ".")]
            pub const $name: ErrorCode = ErrorCode { code: $code, title: $title };
        )*
        /// All of them, in order.
        pub const ALL: &[ErrorCode] = &[$($name),*];
    };
}

error_codes! {
    CONFIGURATION_INVALID = "TL-1001", "the configuration is invalid";
    SECRET_UNREADABLE = "TL-1002", "a secret cannot be read";
    SECRET_KEPT = "TL-1003", "a secret cannot be read again or used, its last value is kept";

    NOT_JSON = "TL-2001", "the payload cannot be read as JSON";
    SIGNATURE_WRONG = "TL-2002", "the request is not verified";
    BODY_TOO_LARGE = "TL-2003", "the body is too large";
    UNKNOWN_SOURCE = "TL-2004", "no such source";
    NO_SCHEMA_MATCHES = "TL-2005", "no schema version matches, the payload is quarantined";
    UNAVAILABLE = "TL-2006", "full or unavailable";
    // 2007 was the refusal of a used transport id, which is none any more. The number is not given again.
    ADDRESS_NOT_ALLOWED = "TL-2008", "the caller's address is not allowed";
    NESTED_TOO_DEEP = "TL-2009", "the JSON is nested too deep";
    CODING_UNSUPPORTED = "TL-2010", "the body's content coding is not supported, it is quarantined";
    TOO_MANY_REQUESTS = "TL-2011", "a caller, or all callers of a source, send too many requests";

    UNDECODABLE_RECORD = "TL-3001", "a record cannot be decoded, it is dead-lettered";
    RULE_FAILED = "TL-3002", "a rule failed";
    LOOKUP_FAILED = "TL-3003", "a profile lookup failed";
    STATE_RESTORED_IN_FULL = "TL-3004", "state is restored in full";
    TRANSACTION_ABORTED = "TL-3005", "a transaction was aborted";
    FENCED = "TL-3006", "the producer was fenced";
    OVERSIZED = "TL-3007", "an event is too large to be published, it is dead-lettered";
    STATE_NOT_WRITABLE = "TL-3008", "the state store cannot be used";
    PLUGIN_FAILED = "TL-3009", "a plugin failed on an event";
    PLUGIN_LATE = "TL-3010", "a plugin did not answer in time";
    PLUGIN_OFF = "TL-3011", "a plugin is turned off";
    PUT_ASIDE = "TL-3012", "a record cannot be passed on, it is put aside";

    BREAKER_OPEN = "TL-4001", "a breaker is open";
    TOKEN_REFUSED = "TL-4002", "a token was refused";
    RATE_LIMITED = "TL-4003", "a system's rate limit was hit";
    WRITE_REJECTED = "TL-4004", "a write was rejected";
    WRITE_DEAD_LETTERED = "TL-4005", "a write was dead-lettered";
    UNKNOWN_OPERATION = "TL-4006", "an operation is not known";
    WRITE_EXPIRED = "TL-4007", "a write expired";
    EVERY_TOKEN_REFUSED = "TL-4008", "a system refuses every new token";
    ANSWER_UNUSABLE = "TL-4009", "an answer cannot be used";

    BROKER_UNREACHABLE = "TL-5001", "no broker can be reached";
    REGISTRY_UNREACHABLE = "TL-5002", "the schema registry cannot be reached";
    SCHEMA_INCOMPATIBLE = "TL-5003", "a schema is not compatible";
    TOPIC_WRONG = "TL-5004", "a topic is missing or has another partition count";
    UNKNOWN_SCHEMA_ID = "TL-5005", "a schema id is not known to the registry";
    LOG_CHANGED = "TL-5006", "a log is not the one that was read";
    UNREAD_REMOVED = "TL-5007", "records were removed before they were read";
    GROUP_OFFSETS_LOST = "TL-5008", "a group's committed offsets are gone";
}

// === impl ErrorCode ===

impl ErrorCode {
    /// `TL-nnnn`.
    pub const fn as_str(self) -> &'static str {
        self.code
    }

    /// Where its page is in the repository, for instance `docs/errors/TL-1001.md`.
    pub fn page(self) -> String {
        format!("docs/errors/{}.md", self.code)
    }

    /// The code written `TL-nnnn`, if there is one.
    pub fn find(code: &str) -> Option<Self> {
        ALL.iter().copied().find(|known| known.code == code)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    /// The sections that every page has, in this order.
    const SECTIONS: [&str; 3] = ["## Symptom", "## Cause", "## What to run"];

    fn pages() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/errors")
    }

    #[test]
    fn every_code_has_its_page_and_every_page_a_code() {
        let codes: BTreeSet<String> = ALL.iter().map(|code| format!("{code}.md")).collect();
        let files: BTreeSet<String> = std::fs::read_dir(pages())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();
        assert_eq!(codes, files);
    }

    #[test]
    fn every_page_has_its_title_and_its_sections() {
        for code in ALL {
            let page = std::fs::read_to_string(pages().join(format!("{code}.md"))).unwrap();
            assert!(page.starts_with(&format!("# {code}: {}\n", code.title)), "{code}: title");
            let places: Vec<_> = SECTIONS.iter().map(|section| page.find(section)).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{code}: sections {places:?}");
            assert!(page.contains("```"), "{code}: a command to run");
        }
    }

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(ALL.is_sorted_by(|left, right| left.code < right.code));
        assert_eq!(ErrorCode::find("TL-1001"), Some(CONFIGURATION_INVALID));
        assert_eq!(ErrorCode::find("TL-9999"), None);
    }
}
