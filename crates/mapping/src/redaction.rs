//! What of a payload no event carries: credentials, signed addresses, and what the configuration names.
//!
//! `data` is the payload as it came, to the byte, but for the values that are redacted. Everything that
//! identifies an event is computed from the payload as it came, so that no setting changes an id. The ids of
//! the envelope are kept, since keys and rules rest on them; its attributes are not.

mod address;
mod attributes;
mod names;
mod pairs;
mod pattern;
mod text;

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use serde::de::IgnoredAny;
use sha2::Sha256;
use trunkline_config::{ExposeSecret, Redaction, RedactionAction, RedactionRule, SecretHandle};
use trunkline_schemas::PlatformEvent;

pub use self::attributes::Attributes;
use self::attributes::{Replacement, Values};
use self::pairs::Pairs;
use crate::json_text::{self, Edit, Step, unquoted};

/// Stands for what was masked.
const MASK: &str = "***";

/// The same in JSON.
const QUOTED_MASK: &str = "\"***\"";

/// Most values listed in an event; more are counted in the last entry.
const LISTED: usize = 256;

/// Longest pointer listed, in bytes; names in payloads are the sender's choice.
const POINTER_BYTES: usize = 512;

/// JSON may stand in a text of JSON, and so on; what is deeper than this is looked at as text.
const LEVELS: usize = 4;

/// A payload without what must not be published.
#[derive(Debug, PartialEq, Eq)]
struct Redacted {
    text: String,
    /// What was redacted: `pointer action`.
    list: Vec<String>,
    values: Values,
}

/// Takes out of an event what its source must not publish. `read_again` reads the attributes of a payload
/// like the event's, where it can be read.
pub fn redact(
    event: &mut PlatformEvent,
    redaction: &Redaction,
    read_again: impl FnOnce(&str) -> Option<Attributes>,
) {
    let Some(redacted) = redacted(&event.data, redaction, 0) else { return };
    let mut attributes = [&mut event.attributes, &mut event.tenant_attributes].map(std::mem::take);
    redacted.values.scrub(&mut attributes, || read_again(&redacted.text));
    if redaction.defaults {
        for attribute in attributes.iter_mut().flat_map(|of_one_kind| of_one_kind.values_mut()) {
            if let Some((masked, _)) = within(attribute, 0) {
                *attribute = masked;
            }
        }
    }
    [event.attributes, event.tenant_attributes] = attributes;
    event.redacted = redacted.list;
    event.data = redacted.text;
}

fn redacted(text: &str, redaction: &Redaction, level: usize) -> Option<Redacted> {
    let mut pairs = Pairs::default();
    let redacted = pass(text, redaction, level, &mut pairs);
    // A value may stand before its name, so where there are named ones all is looked at once more.
    if pairs.is_empty() { redacted } else { pass(text, redaction, level, &mut pairs) }
}

fn pass(text: &str, redaction: &Redaction, level: usize, pairs: &mut Pairs) -> Option<Redacted> {
    let (mut list, mut values, mut more) = (Vec::new(), Values::default(), 0_usize);
    let decide = |path: &[Step<'_>], value: &str| {
        pairs.visit(path, value);
        fate(redaction, path, value, pairs, level)
    };
    let edit = |path: &[Step<'_>], value: &str, fate: Fate<'_>| {
        match list.len() < LISTED {
            true => {
                let mut pointer = json_text::pointer(path);
                pointer.truncate(pointer.floor_char_boundary(POINTER_BYTES));
                list.push(format!("{pointer} {}", fate.word()));
            }
            false => more += 1,
        }
        let replacement = match fate {
            Fate::Within(text, secrets) => {
                values.extend(secrets);
                return Edit::Replace(serde_json::Value::from(text).to_string().into());
            }
            Fate::Drop => None,
            Fate::Mask => Some(Cow::Borrowed(MASK)),
            Fate::Hash(key) => Some(Cow::Owned(keyed_hash(key, &unquoted(value)))),
        };
        remember(value, &replacement, &mut values);
        match replacement {
            Some(Cow::Borrowed(MASK)) => Edit::Replace(Cow::Borrowed(QUOTED_MASK)),
            Some(replacement) => Edit::Replace(Cow::Owned(format!("\"{replacement}\""))),
            None => Edit::Remove,
        }
    };
    let text = json_text::edited(text, decide, edit)?;
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    Some(Redacted { text, list, values })
}

fn remember(value: &str, replacement: &Replacement, values: &mut Values) {
    let scalars = if value.starts_with(['{', '[']) { json_text::scalars(value) } else { vec![value] };
    for scalar in scalars {
        values.insert(&unquoted(scalar), replacement.clone());
    }
}

/// What becomes of a value.
enum Fate<'a> {
    Drop,
    Mask,
    Hash(&'a SecretHandle),
    /// It is a text with secrets in it: this one stands for it, without them.
    Within(String, Values),
}

// === impl Fate ===

impl Fate<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Mask | Self::Within(..) => "mask",
            Self::Hash(_) => "hash",
        }
    }
}

fn fate<'a>(
    redaction: &'a Redaction,
    path: &[Step<'_>],
    value: &str,
    pairs: &Pairs,
    level: usize,
) -> Option<Fate<'a>> {
    let matching = |rule: &&RedactionRule| pattern::matches(&rule.pattern, path);
    if let Some(rule) = redaction.rules.iter().find(matching) {
        return Some(match &rule.action {
            RedactionAction::Drop => Fate::Drop,
            RedactionAction::Mask => Fate::Mask,
            RedactionAction::Hash { key } => Fate::Hash(key),
        });
    }
    if !redaction.defaults {
        return None;
    }
    let is_text = value.len() > "\"\"".len() && value.starts_with('"');
    if is_text {
        if is_credential(path, true) || pairs.name(path) {
            return Some(Fate::Mask);
        }
        return within(&unquoted(value), level).map(|(text, values)| Fate::Within(text, values));
    }
    let is_number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    (is_number && (is_credential(path, false) || pairs.name(path))).then_some(Fate::Mask)
}

/// A text without its secrets, and what these were; `None` when it has none. Where it is JSON itself, it is
/// redacted like a payload.
fn within(text: &str, level: usize) -> Option<(String, Values)> {
    if level < LEVELS && text.trim_start().starts_with(['{', '[']) && is_json(text) {
        let defaults = Redaction { defaults: true, rules: Vec::new() };
        return redacted(text, &defaults, level + 1).map(|redacted| (redacted.text, redacted.values));
    }
    let (masked, secrets) = text::masked(text)?;
    let mut values = Values::default();
    for secret in secrets {
        values.insert(secret, Some(Cow::Borrowed(MASK)));
    }
    Some((masked, values))
}

/// Whether a text is JSON, nested as deeply as a parser takes at most.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether a text or a number is a credential by its name or the name of the list it is in, or a text by the
/// name of what it stands in.
fn is_credential(path: &[Step<'_>], is_text: bool) -> bool {
    let mut steps = path.iter().rev().skip_while(|step| matches!(step, Step::Position(_)));
    let Some(Step::Name(own)) = steps.next() else { return false };
    if !is_text {
        return names::is_credential(own);
    }
    let around = match steps.next() {
        Some(Step::Name(around)) => names::is_credential(around) && !names::describes(own),
        _ => false,
    };
    around || names::are_credentials(own)
}

/// The same text has the same hash however it is escaped.
fn keyed_hash(key: &SecretHandle, text: &str) -> String {
    match Hmac::<Sha256>::new_from_slice(key.current().expose_secret().as_bytes()) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            format!("hmac-sha256:{}", hex::encode(mac.finalize().into_bytes()))
        }
        // A key of any length is one; should that change, nothing of the value gets out.
        Err(_) => MASK.to_owned(),
    }
}

#[cfg(test)]
mod tests;
