//! Sources of enrichment: any HTTP service, asked and read as `[enrichment.sources.NAME]` says.
//!
//! # Layout
//!
//! Pure:
//! - `question`: the request, made of the templates and of what is known of a customer
//! - `answer`: what the answer says, by the pointers
//! - `cache`: answers that are not asked for again yet
//!
//! The edge:
//! - [`Source`]: asks, once for all who want the same at the same time
//! - `flights`: who asks for what just now

mod answer;
mod cache;
mod flights;
mod question;
mod source;

pub use source::{SourceAnswer, SourceExchange, SourceQuestion};

pub(crate) use source::{Asking, Source};
