//! Plugins that users link into a processor of their own, each on a thread of its own. Who waits for which of
//! them until when is [`trunkline_partition::plugins`]'s; here are the threads, behind a port of the engine.
//!
//! # Layout
//!
//! - [`Threads`]: a thread for each plugin, and another where one does not come back
//! - `worker`: one such thread

mod threads;
mod worker;

pub use threads::{PluginError, Threads};
