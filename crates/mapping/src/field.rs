//! Reading fields out of a payload, leniently: what is absent, empty or of another kind is `None`.

use serde_json::Value;

use crate::unknown::means_nothing;

/// A payload, and what its platform writes where it means nothing.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    root: &'a Value,
    /// The same with every number as it was written, where that makes a difference.
    written: Option<&'a Value>,
    placeholders: &'static [&'static str],
}

// === impl Fields ===

impl<'a> Fields<'a> {
    /// Reads from `root`.
    pub fn of(root: &'a Value) -> Self {
        Self { root, written: None, placeholders: &[] }
    }

    /// The same, where each of `placeholders`, as a text in whatever case, means nothing; `UNKNOWN` always does.
    pub fn with_placeholders(self, placeholders: &'static [&'static str]) -> Self {
        Self { placeholders, ..self }
    }

    /// The same, where numbers become text as they are in `written`, see
    /// [`Parsed`](crate::number::Parsed::written).
    pub fn with_written(self, written: Option<&'a Value>) -> Self {
        Self { written, ..self }
    }

    /// Continues from a part of the payload; an absent part is an empty one.
    pub fn under(&self, path: &str) -> Self {
        let root = self.value(path).unwrap_or(&Value::Null);
        Self { root, written: self.written.and_then(|written| at(written, path)), ..*self }
    }

    /// The elements of an array.
    pub fn items(&self, path: &str) -> impl Iterator<Item = Self> + use<'a> {
        let (array, written) = (self.under(path), self.written.and_then(|written| at(written, path)));
        let items = array.root.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().enumerate().map(move |(position, root)| Self {
            root,
            written: written.and_then(|written| written.get(position)),
            ..array
        })
    }

    /// The members of an object.
    pub fn members(&self, path: &str) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let (object, written) = (self.under(path), self.written.and_then(|written| at(written, path)));
        object.root.as_object().into_iter().flatten().map(move |(name, root)| {
            (name.as_str(), Self { root, written: written.and_then(|written| written.get(name)), ..object })
        })
    }

    /// Whether something stands at a path, be it null.
    pub fn has(&self, path: &str) -> bool {
        at(self.root, path).is_some()
    }

    /// The value at a dotted path of names and array positions (`data.case.id`, `events.0.type`), the payload
    /// itself at an empty one; null counts as absent.
    pub fn value(&self, path: &str) -> Option<&'a Value> {
        at(self.root, path).filter(|value| !value.is_null())
    }

    /// Text at a path, as it was written: a value of the platform. Numbers, as they were written, and booleans are text
    /// too.
    pub fn text(&self, path: &str) -> Option<String> {
        self.free_text(path).filter(|text| !means_nothing(text, self.placeholders))
    }

    /// An id at a path, to the character: `c1` and `c1` with a blank behind it are two. Ids come as numbers too, but
    /// not as booleans.
    pub fn id(&self, path: &str) -> Option<String> {
        self.text(path).filter(|_| !matches!(self.value(path), Some(Value::Bool(_))))
    }

    /// A word of a closed set, without white space around it.
    pub fn word(&self, path: &str) -> Option<String> {
        self.text(path).map(|text| text.trim().to_owned())
    }

    /// The same as [`text`](Self::text) of what somebody wrote, or of a name: a customer's message may be the word that
    /// the platform writes for nothing.
    pub fn free_text(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()).cloned(),
            Value::Number(number) => {
                let written = self.written.and_then(|written| at(written, path)?.as_str());
                Some(written.map_or_else(|| number.to_string(), ToOwned::to_owned))
            }
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The first id that is there.
    pub fn first(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.id(path))
    }

    /// A word in lower case.
    pub fn lower(&self, path: &str) -> Option<String> {
        self.word(path).map(|word| word.to_lowercase())
    }

    /// The texts of an array, joined by a comma.
    pub fn joined(&self, path: &str) -> Option<String> {
        let texts: Vec<String> = self.items(path).filter_map(|item| item.text("")).collect();
        (!texts.is_empty()).then(|| texts.join(","))
    }

    /// A point in time, UTC milliseconds.
    pub fn time(&self, path: &str) -> Option<i64> {
        crate::event_time::parse(self.value(path)?)
    }
}

fn at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = root;
    for name in path.split('.').filter(|_| !path.is_empty()) {
        value = match value {
            Value::Object(map) => map.get(name)?,
            Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::number::parse;

    #[test]
    fn reads_what_is_there_and_nothing_else() {
        let value = json!({"a": {"b": 7, "c": " x ", "d": "", "e": null, "f": [{"g": true}], "h": "String",
            "i": " unknown", "j": "UNKNOWN", "k": "unknown-1", "l": ["Unknown", "x", 7]}});
        let fields = Fields::of(&value).with_placeholders(&["String"]);
        for (path, expected) in [
            ("a.b", Some("7")),
            ("a.c", Some(" x ")),
            ("a.d", None),
            ("a.e", None),
            ("a.f.0.g", Some("true")),
            ("a.f.1.g", None),
            ("a.f", None),
            ("a.h", None),
            ("a.i", None),
            ("a.j", None),
            ("a.k", Some("unknown-1")),
            ("a.b.c", None),
            ("z", None),
        ] {
            assert_eq!(fields.text(path).as_deref(), expected, "{path}");
        }
        assert_eq!(fields.free_text("a.h").as_deref(), Some("String"));
        assert_eq!(fields.free_text("a.i").as_deref(), Some(" unknown"));
        assert_eq!((fields.word("a.c").as_deref(), fields.lower("a.c").as_deref()), (Some("x"), Some("x")));
        assert_eq!((fields.id("a.c").as_deref(), fields.id("a.b").as_deref()), (Some(" x "), Some("7")));
        assert_eq!((fields.id("a.f.0.g"), fields.first(&["a.f.0.g", "a.b"]).as_deref()), (None, Some("7")));
        assert_eq!(fields.joined("a.l").as_deref(), Some("x,7"));
        assert_eq!(fields.under("a").text("b").as_deref(), Some("7"));
        assert_eq!(fields.under("a.b").text("").as_deref(), Some("7"));
        assert_eq!(fields.under("z").text("b"), None);
        assert_eq!(fields.items("a.f").filter_map(|item| item.text("g")).collect::<Vec<_>>(), ["true"]);
        assert_eq!(fields.items("a.h").count() + fields.items("z").count(), 0);
    }

    #[test]
    fn numbers_are_text_as_they_were_written() {
        let text =
            r#"{"a": {"b": 1e3, "c": [1000.00, {"d": 18446744073709551617}], "e": 1000.0, "f": 1e400}}"#;
        let parsed = parse(text).unwrap();
        let fields = Fields::of(&parsed.value).with_written(parsed.written.as_ref());
        for (path, expected) in [
            ("b", "1e3"),
            ("c.0", "1000.00"),
            ("c.1.d", "18446744073709551617"),
            ("e", "1000.0"),
            ("f", "1e400"),
        ] {
            assert_eq!(fields.under("a").text(path).as_deref(), Some(expected), "{path}");
        }
        let items: Vec<_> =
            fields.items("a.c").map(|item| item.text("").or_else(|| item.text("d")).unwrap()).collect();
        assert_eq!(items, ["1000.00", "18446744073709551617"]);
    }
}
