//! The catalogue of the outside systems: what each of them can do, and what it promises.
//!
//! The configuration refuses rules by it, the rules name resources by it, the sink decides by it what to do
//! with a command whose fate is not known, and `trunkline-connect` calls the systems as it says. Whoever adds
//! an operation adds it to the file of its system here, and its HTTP to the folder of the same name in
//! `connect/src/systems`.
//!
//! Pure data and functions of it: no I/O, no clock.
//!
//! # Layout
//!
//! - [`System`]: the systems, one row each, and their [`Capabilities`]; `catalogue/`: one file a system
//! - [`Operation`]: what can be written, with its [`Parameter`]s, [`Body`], [`Guarantee`] and [`Concurrency`]
//! - [`ProfileField`]: what systems know of a customer; [`StandardProfile`]: where their vendors' standard products
//!   keep it
//! - [`ApiVersion`]: how a version of a system's API is chosen
//! - [`Limits`] and [`Rate`]: how often a system may be called
//! - [`Login`] and [`ClientAuthentication`]: how a client logs in, and shows itself to a token endpoint

mod api_version;
mod capabilities;
mod catalogue;
mod guarantee;
mod limits;
mod login;
mod operation;
mod parameter;
mod profile_field;
mod standard_profile;

pub use api_version::{ApiVersion, VersionForm};
pub use capabilities::Capabilities;
pub use catalogue::System;
pub use guarantee::{Concurrency, Guarantee};
pub use limits::{Limits, Rate};
pub use login::{ClientAuthentication, Login};
pub use operation::{Body, FieldNames, Operation};
pub use parameter::{EventParameter, MissingParameter, Parameter};
pub use profile_field::ProfileField;
pub use standard_profile::{QueryLanguage, StandardProfile, StandardRelated};
