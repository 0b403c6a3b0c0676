//! Steps that look at events and say what should come of them: the trait that the processor's own steps and
//! yours share.
//!
//! ```
//! use serde::Deserialize;
//! use trunkline_plugin::{Actions, Context, Decision, Factory, Failure, Plugin};
//! use trunkline_schemas::{EnrichedEvent, event_type};
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     queue: String,
//! }
//!
//! struct Impatience(Settings);
//!
//! impl Plugin for Impatience {
//!     fn events(&self) -> Vec<String> {
//!         vec![event_type::QUEUE_LEFT.to_owned()]
//!     }
//!
//!     fn handle(&mut self, event: &EnrichedEvent, _: &Context<'_>) -> Result<Actions, Failure> {
//!         Ok(match event.conversation.queued_ms {
//!             Some(waited) if waited > 60_000 => Actions::new().decide(Decision::to(&self.0.queue)),
//!             _ => Actions::new(),
//!         })
//!     }
//! }
//!
//! let factory = Factory::new("impatience", |settings: Settings| Ok(Impatience(settings)));
//! # assert!(factory.check(&serde_json::json!({ "queue": "sorry" })).is_ok());
//! ```
//!
//! # Layout
//!
//! - [`Plugin`]: what a step does, and its life
//! - [`Actions`]: what it can want: [`Decision`], [`WriteBack`], attributes, [`Failure`]s
//! - [`Lookup`], [`LookupAnswer`]: what it can have looked up first, and what comes of that
//! - [`Factory`]: how the processor makes one, from its section of the configuration
//! - [`SettingsMistake`]: what is wrong with that section

mod actions;
mod factory;
mod lookup;
mod plugin;
mod settings;

pub use actions::{Actions, Decision, Failure, WriteBack};
pub use factory::Factory;
pub use lookup::{Lookup, LookupAnswer, MOST_LOOKUPS};
pub use plugin::{Context, Health, Plugin};
pub use settings::SettingsMistake;
