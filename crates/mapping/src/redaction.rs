//! What of a payload no event carries: credentials, signed addresses, and what the configuration names.
//!
//! `data` is the payload as it came, to the byte, but for the values that are redacted. Everything that
//! identifies an event is computed from the payload as it came, so that no setting changes an id. The ids of
//! the envelope are kept, since keys and rules rest on them; its attributes are not.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use trunkline_config::{
    ExposeSecret, PatternPart, PointerPattern, Redaction, RedactionAction, RedactionRule, Secret,
};
use trunkline_schemas::PlatformEvent;

use crate::json_text::{self, Edit, Step, unquoted};

/// Stands for what was masked.
const MASK: &str = "***";

/// Names of members, in any case, whose text, or the texts directly in them, are credentials.
const CREDENTIALS: [&str; 18] = [
    "accessToken",
    "access_token",
    "refreshToken",
    "refresh_token",
    "idToken",
    "id_token",
    "transactionToken",
    "transaction_token",
    "token",
    "authorization",
    "authorizationCode",
    "authorization_code",
    "codeVerifier",
    "code_verifier",
    "clientSecret",
    "client_secret",
    "password",
    "secret",
];

/// Parameters, in any case, by which an address lets everybody in who has it: those of Amazon S3 and
/// CloudFront, Google Cloud Storage, Azure (SAS), and plain tokens.
const SIGNATURES: [&str; 9] = [
    "x-amz-signature",
    "x-amz-security-token",
    "x-goog-signature",
    "signature",
    "sig",
    "token",
    "access_token",
    "authorization",
    "jwt",
];

/// Most values listed in an event; more are counted in the last entry.
const LISTED: usize = 256;

/// Longest pointer listed, in bytes; names in payloads are the sender's choice.
const POINTER_BYTES: usize = 512;

/// Texts of fewer bytes are looked for as whole attributes only: they may stand in one by chance.
const PART_BYTES: usize = 8;

/// A payload without what must not be published.
#[derive(Debug, PartialEq, Eq)]
struct Redacted {
    text: String,
    /// What was redacted: `pointer action`.
    list: Vec<String>,
    /// Every text that was redacted, and what stands for it; nothing where it was dropped.
    values: BTreeMap<String, Option<String>>,
}

/// Takes out of an event what its source must not publish.
pub fn redact(event: &mut PlatformEvent, redaction: &Redaction) {
    let Some(redacted) = redacted(&event.data, redaction) else { return };
    scrub(&mut event.attributes, &redacted.values);
    scrub(&mut event.tenant_attributes, &redacted.values);
    event.redacted = redacted.list;
    event.data = redacted.text;
}

fn redacted(text: &str, redaction: &Redaction) -> Option<Redacted> {
    let (mut list, mut values, mut more) = (Vec::new(), BTreeMap::new(), 0_usize);
    let edit = |path: &[Step<'_>], value: &str, action: Action<'_>| {
        match list.len() < LISTED {
            true => {
                let mut pointer = json_text::pointer(path);
                pointer.truncate(pointer.floor_char_boundary(POINTER_BYTES));
                list.push(format!("{pointer} {}", action.word()));
            }
            false => more += 1,
        }
        let replacement = action.replacement(value);
        let scalars = if value.starts_with(['{', '[']) { json_text::scalars(value) } else { vec![value] };
        values.extend(
            scalars.into_iter().map(|scalar| (unquoted(scalar).trim().to_owned(), replacement.clone())),
        );
        match replacement {
            Some(replacement) => Edit::Replace(format!("\"{replacement}\"")),
            None => Edit::Remove,
        }
    };
    let text = json_text::edited(text, |path, value| action(redaction, path, value), edit)?;
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    Some(Redacted { text, list, values })
}

/// What a value's fate is.
enum Action<'a> {
    Drop,
    Mask,
    Hash(&'a Secret),
}

fn action<'a>(redaction: &'a Redaction, path: &[Step<'_>], value: &str) -> Option<Action<'a>> {
    let matching = |rule: &&RedactionRule| matches(&rule.pattern, path);
    if let Some(rule) = redaction.rules.iter().find(matching) {
        return Some(match &rule.action {
            RedactionAction::Drop => Action::Drop,
            RedactionAction::Mask => Action::Mask,
            RedactionAction::Hash { key } => Action::Hash(key),
        });
    }
    let secret = redaction.defaults && value.len() > 2 && value.starts_with('"');
    (secret && (is_credential(path) || lets_in(&unquoted(value)))).then_some(Action::Mask)
}

// === impl Action ===

impl Action<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Mask => "mask",
            Self::Hash(_) => "hash",
        }
    }

    /// What stands for a value, which needs no escapes in JSON; `None` for nothing.
    fn replacement(&self, value: &str) -> Option<String> {
        match self {
            Self::Drop => None,
            Self::Mask => Some(MASK.to_owned()),
            Self::Hash(key) => Some(keyed_hash(key, &unquoted(value))),
        }
    }
}

/// The same text has the same hash however it is escaped.
fn keyed_hash(key: &Secret, text: &str) -> String {
    match Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            format!("hmac-sha256:{}", hex::encode(mac.finalize().into_bytes()))
        }
        // A key of any length is one; should that change, nothing of the value gets out.
        Err(_) => MASK.to_owned(),
    }
}

fn matches(pattern: &PointerPattern, path: &[Step<'_>]) -> bool {
    // Nearly every value is decided by its own name.
    match (pattern.parts.last(), path.last()) {
        (Some(part), Some(step)) if part_matches(part, step) => parts_match(&pattern.parts, path),
        _ => false,
    }
}

fn parts_match(parts: &[PatternPart], path: &[Step<'_>]) -> bool {
    match (parts.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((PatternPart::AnyDepth, rest)), _) => {
            (0..=path.len()).any(|skipped| parts_match(rest, &path[skipped..]))
        }
        (Some((part, rest)), Some((step, below))) => part_matches(part, step) && parts_match(rest, below),
        _ => false,
    }
}

fn part_matches(part: &PatternPart, step: &Step<'_>) -> bool {
    match (part, step) {
        (PatternPart::Any | PatternPart::AnyDepth, _) => true,
        (PatternPart::Name(name), Step::Name(found)) => name == found,
        (PatternPart::Name(name), Step::Position(position)) => name.parse() == Ok(*position),
    }
}

/// Whether a text is a credential by its name, or by the name of what it stands in.
fn is_credential(path: &[Step<'_>]) -> bool {
    path.iter().rev().take(2).any(|step| match step {
        Step::Name(name) => CREDENTIALS.iter().any(|known| known.eq_ignore_ascii_case(name)),
        Step::Position(_) => false,
    })
}

/// Whether whoever has this text is let in somewhere: an address with its own signature, or a token.
fn lets_in(text: &str) -> bool {
    let starts =
        |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if starts("https://") || starts("http://") {
        let parameters = text.split_once(['?', '#']).map_or("", |(_, parameters)| parameters);
        return parameters.split(['&', '?', '#', ';']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            !value.is_empty() && SIGNATURES.iter().any(|known| known.eq_ignore_ascii_case(name))
        });
    }
    starts("Bearer ") || is_web_token(text)
}

/// Whether a text is a JSON Web Token: three parts in base64url, the first of which begins with `{"`.
fn is_web_token(text: &str) -> bool {
    let is_part = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(is_part)
}

/// Takes out of attributes what was redacted in the payload that they were read from.
fn scrub(attributes: &mut BTreeMap<String, String>, values: &BTreeMap<String, Option<String>>) {
    attributes.retain(|_, attribute| {
        for (value, replacement) in values {
            match without(attribute, value, replacement.as_deref()) {
                None => {}
                Some(Edit::Replace(scrubbed)) => *attribute = scrubbed,
                Some(Edit::Remove) => return false,
            }
        }
        true
    });
}

/// What becomes of an attribute that holds a redacted value. A long attribute was cut, so that it may be the
/// beginning of the value.
fn without(attribute: &str, value: &str, replacement: Option<&str>) -> Option<Edit> {
    let is_cut = attribute.len() >= PART_BYTES && value.starts_with(attribute);
    if attribute == value || is_cut {
        return Some(replacement.map_or(Edit::Remove, |replacement| Edit::Replace(replacement.to_owned())));
    }
    let is_part = value.len() >= PART_BYTES && attribute.contains(value);
    is_part.then(|| Edit::Replace(attribute.replace(value, replacement.unwrap_or(""))))
}

#[cfg(test)]
mod tests;
