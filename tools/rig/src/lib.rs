//! What it takes to run the pipeline's own programs, and brokers for them, for a while, and to watch what comes out:
//! shared by the demo, chaos, the tests, the benchmarks and `./run`.
//!
//! # Layout
//!
//! Always there, with few dependencies, since `./run` is built from it before anything else:
//!
//! - [`process`]: a child process: started, asked to stop, killed, signalled; [`mark`] finds those of a run again
//! - [`ports`], [`executables`]: free ports, and where the programs are
//! - [`kafka`]: brokers: their settings, formatting and start
//!
//! With the feature `pipeline`, which is on by default:
//!
//! - [`configuration`]: the `trunkline.toml` of such a run
//! - [`program`]: one program: how it is started and found ready; [`supervisor`] keeps it running
//! - [`quotas`]: what the outside systems allow
//! - [`follow`], [`ledger_tail`]: where the figures come from
//! - [`progress`]: those figures
//! - [`scrape`]: figures of the programs themselves
//! - [`served`], [`collector`]: what the programs serve and export, kept for a search for secrets
//! - [`payloads`]: single payloads as the platforms send them

pub mod executables;
pub mod kafka;
pub mod mark;
pub mod ports;
pub mod process;

#[cfg(feature = "pipeline")]
pub mod collector;
#[cfg(feature = "pipeline")]
pub mod configuration;
#[cfg(feature = "pipeline")]
pub mod follow;
#[cfg(feature = "pipeline")]
pub mod ledger_tail;
#[cfg(feature = "pipeline")]
pub mod payloads;
#[cfg(feature = "pipeline")]
pub mod program;
#[cfg(feature = "pipeline")]
pub mod progress;
#[cfg(feature = "pipeline")]
pub mod quotas;
#[cfg(feature = "pipeline")]
pub mod scrape;
#[cfg(feature = "pipeline")]
pub mod served;
#[cfg(feature = "pipeline")]
pub mod supervisor;
