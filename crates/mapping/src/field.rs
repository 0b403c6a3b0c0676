//! Reading fields out of a payload, leniently: what is absent, empty or of another kind is `None`.

use serde_json::Value;

/// A payload, and what its platform writes where it means nothing.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    root: &'a Value,
    placeholder: &'static str,
}

// === impl Fields ===

impl<'a> Fields<'a> {
    /// Reads from `root`.
    pub fn of(root: &'a Value) -> Self {
        Self { root, placeholder: "" }
    }

    /// Reads from `root`, where the text `placeholder` means nothing.
    pub fn with_placeholder(root: &'a Value, placeholder: &'static str) -> Self {
        Self { root, placeholder }
    }

    /// Continues from a part of the payload; an absent part is an empty one.
    pub fn under(&self, path: &str) -> Self {
        Self { root: self.value(path).unwrap_or(&Value::Null), placeholder: self.placeholder }
    }

    /// The value at a dotted path of names and array positions (`data.case.id`, `events.0.type`); null counts
    /// as absent.
    pub fn value(&self, path: &str) -> Option<&'a Value> {
        let mut value = self.root;
        for name in path.split('.') {
            value = match value {
                Value::Object(map) => map.get(name)?,
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        (!value.is_null()).then_some(value)
    }

    /// Text at a path. Numbers and booleans are written out, since ids come as either.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => {
                let text = text.trim();
                (!text.is_empty() && text != self.placeholder).then(|| text.to_owned())
            }
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The first text that is there.
    pub fn first(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.text(path))
    }

    /// Lower-case text.
    pub fn lower(&self, path: &str) -> Option<String> {
        self.text(path).map(|text| text.to_lowercase())
    }

    /// The texts of an array, joined by a comma.
    pub fn joined(&self, path: &str) -> Option<String> {
        let texts: Vec<&str> = self.value(path)?.as_array()?.iter().filter_map(Value::as_str).collect();
        (!texts.is_empty()).then(|| texts.join(","))
    }

    /// A point in time, UTC milliseconds.
    pub fn time(&self, path: &str) -> Option<i64> {
        crate::event_time::parse(self.value(path)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_is_there_and_nothing_else() {
        let value = json!({"a": {"b": 7, "c": " x ", "d": "", "e": null, "f": [{"g": true}], "h": "String"}});
        let fields = Fields::with_placeholder(&value, "String");
        for (path, expected) in [
            ("a.b", Some("7")),
            ("a.c", Some("x")),
            ("a.d", None),
            ("a.e", None),
            ("a.f.0.g", Some("true")),
            ("a.f.1.g", None),
            ("a.f", None),
            ("a.h", None),
            ("a.b.c", None),
            ("z", None),
        ] {
            assert_eq!(fields.text(path).as_deref(), expected, "{path}");
        }
        assert_eq!(fields.under("a").text("b").as_deref(), Some("7"));
        assert_eq!(fields.under("z").text("b"), None);
    }
}
