//! `[plugins.NAME]`: steps of your own, linked into a processor of your own.

use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::json_value::json;
use crate::section::Section;
use crate::suggest::did_you_mean;
use crate::values::{duration, integer, list, text};

/// A plugin that is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// Event types it is asked about, instead of those that it names itself.
    pub events: Option<Vec<String>>,
    /// Events that may wait for it at once; more go on without it (default 1,000).
    pub queue: usize,
    /// Longest time an event waits for it; then it goes on without it (default 50 ms).
    pub budget: Duration,
    /// Its own settings, as it reads them.
    pub settings: Json,
}

/// Looks at a plugin's settings.
pub type CheckSettings<'a> = dyn Fn(&Json) -> Result<(), PluginMistake> + 'a;

/// A plugin that a processor has.
pub struct KnownPlugin<'a> {
    /// Its name.
    pub name: &'a str,
    /// Looks at its settings.
    pub check: Box<CheckSettings<'a>>,
}

/// What is wrong with a plugin's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginMistake {
    /// Names and indices that lead to it from the settings.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// For a name that does not exist: those that do.
    pub known: Vec<String>,
}

// === impl Plugin ===

impl Plugin {
    /// Reads one. `known` are those that the processor has; `None` where that cannot be known.
    pub(crate) fn read(section: &Section<'_>, known: Option<&[KnownPlugin<'_>]>) -> Self {
        let settings = section.optional("settings", json).unwrap_or_else(|| Json::Object(Map::new()));
        if let Some(known) = known {
            match known.iter().find(|plugin| plugin.name == section.name()) {
                Some(plugin) => {
                    if let Err(mistake) = (plugin.check)(&settings) {
                        refuse(section, &mistake);
                    }
                }
                None => unknown(section, known),
            }
        }
        Self {
            events: section.optional("events", list(1, text)),
            queue: section.or("queue", integer(1..=1_000_000), 1_000),
            budget: section.or("budget", duration, Duration::from_millis(50)),
            settings,
        }
    }
}

fn unknown(section: &Section<'_>, known: &[KnownPlugin<'_>]) {
    let names: Vec<&str> = known.iter().map(|plugin| plugin.name).collect();
    let hint = did_you_mean(section.name(), names.iter().copied());
    let has = match (hint.is_empty(), names.is_empty()) {
        (false, _) => hint,
        (true, true) => ": it has none; build one with your plugins, docs/plugins.md says how".to_owned(),
        (true, false) => format!("; it has: {}", names.join(", ")),
    };
    section.refuse("", &format!("this processor does not have it{has}"));
}

fn refuse(section: &Section<'_>, mistake: &PluginMistake) {
    let hint = mistake
        .path
        .last()
        .map_or_else(String::new, |name| did_you_mean(name, mistake.known.iter().map(String::as_str)));
    let field = match mistake.path.is_empty() {
        true => "settings".to_owned(),
        false => format!("settings.{}", mistake.path.join(".")),
    };
    let mut path = vec!["settings"];
    path.extend(mistake.path.iter().map(String::as_str));
    section.refuse_at(&path, &format!("field '{field}': {}{hint}", mistake.message));
}
