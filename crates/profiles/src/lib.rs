//! What is known of customers, and whether it is good enough for an event: pure, without a clock and without input or
//! output.
//!
//! # Layout
//!
//! - [`Profiles`]: the profiles at hand, bounded
//! - [`AtHand`]: what an event gets of them; [`freshness`] judges how good it is
//! - [`StoredProfile`]: a profile as its owner keeps it in state
//! - `merge`: a fetched profile keeps the last answers of systems that did not answer this time
//! - `view`: which fields of a profile enter events

mod at_hand;
pub mod freshness;
mod merge;
mod store;
mod stored;
mod view;

pub use at_hand::AtHand;
pub use store::Profiles;
pub use stored::{StoredProfile, StoredProfileRef};
