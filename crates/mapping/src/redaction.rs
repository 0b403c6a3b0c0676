//! What of a payload no event carries: credentials, signed addresses, and what the configuration names.
//!
//! `data` is the payload as it came, to the byte, but for the values that are redacted. Everything that
//! identifies an event is computed from the payload as it came, so that no setting changes an id. The ids of
//! the envelope are kept, since keys and rules rest on them; its attributes are not.

mod address;
mod attributes;
mod below;
mod list;
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
use self::below::{Below, own_name};
use self::list::List;
use self::pairs::Pairs;
use crate::json_text::{self, Edit, Step, unquoted};

/// Stands for what was masked.
const MASK: &str = "***";

/// The same in JSON.
const QUOTED_MASK: &str = "\"***\"";

/// JSON may stand in a text of JSON, and so on; what is deeper than this is looked at as text.
const LEVELS: usize = 4;

/// A payload without what must not be published.
#[derive(Debug, PartialEq, Eq)]
struct Redacted {
    text: String,
    list: List,
    /// The texts that were redacted.
    values: Values,
    /// Those of them that are secrets by themselves, and no choice of the configuration.
    secrets: Values,
}

/// Takes out of an event what its source must not publish. `read_again` reads the attributes of a payload
/// like the event's, where it can be read.
pub fn redact(
    event: &mut PlatformEvent,
    redaction: &Redaction,
    read_again: impl FnOnce(&str) -> Option<Attributes>,
) {
    let Some(mut redacted) = redacted(&event.data, redaction, 0) else { return };
    redacted.scrub_secrets();
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
    event.redacted = redacted.list.finish();
    event.data = redacted.text;
}

fn redacted(text: &str, redaction: &Redaction, level: usize) -> Option<Redacted> {
    let mut pairs = Pairs::default();
    let redacted = pass(text, redaction, level, &mut pairs);
    // A value may stand before its name, so where there are named ones all is looked at once more.
    if pairs.is_empty() { redacted } else { pass(text, redaction, level, &mut pairs) }
}

fn pass(text: &str, redaction: &Redaction, level: usize, pairs: &mut Pairs) -> Option<Redacted> {
    let (mut list, mut values, mut secrets) = (List::default(), Values::default(), Values::default());
    let mut below = Below::default();
    let decide = |path: &[Step<'_>], value: &str| {
        pairs.visit(path, value);
        below.visit(path, value);
        fate(redaction, path, value, (pairs, &below), level)
    };
    let edit = |path: &[Step<'_>], value: &str, fate: Fate<'_>| {
        list.add(path, fate.word());
        let replacement = match fate {
            // What somebody wrote is looked at wherever it stands, and says nothing of other values: who writes the
            // customer's number behind `password=` must not take it out of the event.
            Fate::Within(text, named) => {
                secrets.extend(&named);
                values.extend(&named);
                return Edit::Replace(serde_json::Value::from(text).to_string().into());
            }
            Fate::Secret => {
                secrets.insert_telling(&unquoted(value));
                Some(Cow::Borrowed(MASK))
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
    Some(Redacted { text, list, values, secrets })
}

// === impl Redacted ===

impl Redacted {
    /// Takes the secrets out of the other texts as well: what is masked by its name in one place may be part of
    /// what somebody wrote in another.
    fn scrub_secrets(&mut self) {
        if self.secrets.is_empty() {
            return;
        }
        let texts: Vec<&str> =
            json_text::scalars(&self.text).into_iter().filter(|text| is_text(text)).collect();
        let texts: Vec<Cow<'_, str>> = texts.into_iter().map(unquoted).collect();
        let parts = self.secrets.parts_of(texts.iter().map(|text| &**text));
        let (secrets, list) = (&self.secrets, &mut self.list);
        let decide = |_: &[Step<'_>], value: &str| {
            let text = is_text(value).then(|| unquoted(value))?;
            secrets.scrubbed(&text, &parts)
        };
        let edit = |path: &[Step<'_>], _: &str, scrubbed: String| {
            list.add_again(path, Fate::Secret.word());
            Edit::Replace(serde_json::Value::from(scrubbed).to_string().into())
        };
        if let Some(text) = json_text::edited(&self.text, decide, edit) {
            self.text = text;
        }
    }
}

/// Whether a value is a text that is not empty.
fn is_text(value: &str) -> bool {
    value.len() > "\"\"".len() && value.starts_with('"')
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
    /// It is masked since it is a secret, and so is the same text elsewhere.
    Secret,
    Hash(&'a SecretHandle),
    /// It is a text with secrets in it: this one stands for it, without them. Where it is JSON, these are named in it.
    Within(String, Values),
}

// === impl Fate ===

impl Fate<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Mask | Self::Secret | Self::Within(..) => "mask",
            Self::Hash(_) => "hash",
        }
    }
}

fn fate<'a>(
    redaction: &'a Redaction,
    path: &[Step<'_>],
    value: &str,
    (pairs, below): (&Pairs, &Below),
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
    let is_secret =
        |is_credential: fn(&str) -> bool| own_name(path).is_some_and(is_credential) || pairs.name(path);
    if is_text(value) {
        if is_secret(names::are_credentials)
            || below.is_secret(path)
            || is_signature(path, value)
            || pairs.is_signature(path, value)
        {
            return Some(Fate::Secret);
        }
        return within(&unquoted(value), level).map(|(text, named)| Fate::Within(text, named));
    }
    let is_number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    (is_number && is_secret(names::is_credential)).then_some(Fate::Secret)
}

/// Whether a text is the signature of a request, by its name and what it looks like.
fn is_signature(path: &[Step<'_>], value: &str) -> bool {
    own_name(path).is_some_and(|name| {
        names::is_signature(name)
            || names::may_be_signature(name) && text::is_long_code(unquoted(value).as_bytes())
    })
}

/// A text without its secrets; `None` when it has none. Where it is JSON itself, it is redacted like a payload, and
/// those that are named in it are told.
fn within(text: &str, level: usize) -> Option<(String, Values)> {
    if level < LEVELS && text.trim_start().starts_with(['{', '[']) && is_json(text) {
        let defaults = Redaction { defaults: true, rules: Vec::new() };
        return redacted(text, &defaults, level + 1).map(|redacted| (redacted.text, redacted.secrets));
    }
    text::masked(text).map(|text| (text, Values::default()))
}

/// Whether a text is JSON, nested as deeply as a parser takes at most.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
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
