//! What a verb stands on.
//!
//! # Layout
//!
//! - [`run`]: one run: its folder, the command in the foreground, and the end of everything it started
//!   - [`signals`], [`guard`]: how it ends otherwise than by itself
//! - [`services`]: broker and registry, unless the user brought them: [`kafka`], [`registry`]
//!   - [`jvm`]: the virtual machines they run in
//! - [`maven`]: what is fetched for them; [`downloads`]: whether it is what was reviewed
//! - [`promtool`]: what evaluates alert rules
//! - [`cargo`]: the build

pub mod cargo;
pub mod downloads;
pub mod guard;
pub mod jvm;
pub mod kafka;
pub mod maven;
pub mod promtool;
pub mod registry;
pub mod run;
pub mod services;
pub mod signals;
