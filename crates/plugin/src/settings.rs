//! Settings of a plugin, typed; and what is wrong with them, so that its place can be found.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

/// What is wrong with a plugin's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsMistake {
    /// Names, and indices as text, that lead to it from the settings.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// For a name that does not exist: those that do.
    pub known: Vec<String>,
}

// === impl SettingsMistake ===

impl fmt::Display for SettingsMistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => write!(formatter, "settings: {}", self.message),
            false => write!(formatter, "settings.{}: {}", self.path.join("."), self.message),
        }
    }
}

/// Settings of a type.
pub(crate) fn read<S: DeserializeOwned>(settings: &Value) -> Result<S, SettingsMistake> {
    serde_path_to_error::deserialize(settings.clone()).map_err(|error| {
        let segments = error.path().iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        });
        let mut path: Vec<String> = segments.collect();
        let message = error.inner().to_string();
        // serde says so in its own words, and quotes the name and those there are.
        let (mut known, mut quoted) = (Vec::new(), message.split('`').skip(1).step_by(2).map(str::to_owned));
        if message.starts_with("unknown field")
            && let Some(name) = quoted.next()
        {
            if path.last() != Some(&name) {
                path.push(name);
            }
            known = quoted.collect();
        }
        SettingsMistake { path, message, known }
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Settings {
        queue: String,
        #[serde(default)]
        levels: Vec<Level>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Level {
        above: f64,
        priority: i32,
    }

    #[test]
    fn a_mistake_knows_where_it_is() {
        let cases = [
            (json!({ "queue": 3 }), "queue", "invalid type: integer `3`, expected a string"),
            (json!({}), "", "missing field `queue`"),
            (
                json!({ "queue": "q", "level": [] }),
                "level",
                "unknown field `level`, expected `queue` or `levels`",
            ),
            (
                json!({ "queue": "q", "levels": [{ "above": 1, "priority": 2 }, { "above": 1, "prority": 2 }] }),
                "levels.1.prority",
                "unknown field `prority`, expected `above` or `priority`",
            ),
        ];
        for (settings, path, message) in cases {
            let mistake = read::<Settings>(&settings).unwrap_err();
            assert_eq!((mistake.path.join(".").as_str(), mistake.message.as_str()), (path, message));
            assert_eq!(!mistake.known.is_empty(), message.starts_with("unknown field"), "{settings}");
        }
        assert!(
            read::<Settings>(&json!({ "queue": "q", "levels": [{ "above": 1, "priority": 2 }] })).is_ok()
        );
    }
}
