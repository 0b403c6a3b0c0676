//! Ids that a system can put into its logs, so that its operators and ours speak of the same thing.

use std::borrow::Cow;

/// Carries the conversation for which a system is asked or written to.
const CORRELATION: &str = "x-correlation-id";
/// Carries the command that is written.
const REQUEST: &str = "x-request-id";

/// Ids are far shorter.
const LONGEST: usize = 128;

/// The headers of a request about a conversation, and for a command.
pub(crate) fn headers(conversation: Option<&str>, command: Option<&str>) -> Vec<(Cow<'static, str>, String)> {
    let ids = [(CORRELATION, conversation), (REQUEST, command)];
    let sent = ids
        .into_iter()
        .filter_map(|(name, id)| Some((Cow::Borrowed(name), id.filter(|id| is_plain(id))?.to_owned())));
    sent.collect()
}

/// Whether an id can be a header as it is. Conversations are named by payloads, which may hold anything; one that
/// cannot be sent is left out rather than sent as something else.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sent_as_they_are_or_not_at_all() {
        assert_eq!(
            headers(Some("5f0e1b6a-7f0e"), Some("c-1")),
            [(CORRELATION.into(), "5f0e1b6a-7f0e".to_owned()), (REQUEST.into(), "c-1".to_owned())]
        );
        let long = "x".repeat(LONGEST + 1);
        for id in ["", "a b", "a\r\nauthorization: x", "ü", &long] {
            assert!(headers(Some(id), None).is_empty(), "{id:?}");
        }
    }
}
