//! How the processor makes a plugin.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::settings::{SettingsMistake, read};
use crate::{Failure, Plugin};

type Make = dyn Fn(&Value) -> Result<Box<dyn Plugin>, Failure> + Send + Sync;
type Check = dyn Fn(&Value) -> Result<(), SettingsMistake> + Send + Sync;

/// Makes plugins of one kind, each from the same section `[plugins.NAME.settings]`: one at the start, and another
/// whenever one panicked or never came back.
#[derive(Clone)]
pub struct Factory {
    name: &'static str,
    make: Arc<Make>,
    check: Arc<Check>,
}

// === impl Factory ===

impl Factory {
    /// Plugins with a name of lower-case letters, digits, `-` and `_`, made by `init` from settings of a type
    /// of your own. Give that type `#[serde(deny_unknown_fields)]`, and mistakes are told with their place.
    pub fn new<S, P>(
        name: &'static str,
        init: impl Fn(S) -> Result<P, Failure> + Send + Sync + 'static,
    ) -> Self
    where
        S: DeserializeOwned,
        P: Plugin + 'static,
    {
        let make = move |settings: &Value| -> Result<Box<dyn Plugin>, Failure> {
            let settings = read::<S>(settings).map_err(|mistake| Failure::new(mistake.to_string()))?;
            Ok(Box::new(init(settings)?))
        };
        Self { name, make: Arc::new(make), check: Arc::new(|settings| read::<S>(settings).map(drop)) }
    }

    /// The name of its plugins.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether plugins can be made of these settings.
    ///
    /// # Errors
    /// The first mistake in them.
    pub fn check(&self, settings: &Value) -> Result<(), SettingsMistake> {
        (self.check)(settings)
    }

    /// Makes a plugin.
    ///
    /// # Errors
    /// What is wrong with the settings, or what its `init` says.
    pub fn make(&self, settings: &Value) -> Result<Box<dyn Plugin>, Failure> {
        (self.make)(settings)
    }
}

impl fmt::Debug for Factory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Factory").field(&self.name).finish()
    }
}
