//! Topics as the catalog says they should be, and what is to be done where they are not.
//!
//! # Layout
//!
//! - [`desired`]: the catalog with the deployment's prefix, partition count and replication
//! - [`diff`]: what is to be done; pure
//! - [`plan`], [`apply`]: the same against a cluster; [`remove`]: the end of a throw-away deployment

mod admin;
mod desired;
mod diff;
mod error;
mod metadata;

pub(crate) use admin::{RecordTimes, record_times};
pub use admin::{apply, plan, plan_for, remove};
pub use desired::{DELETE_RETENTION_MS, Desired, desired};
pub use diff::{Actual, Change, Plan, diff};
pub use error::TopicsError;
