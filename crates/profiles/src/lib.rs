//! What is known of customers, and whether it is good enough for an event: pure, without a clock and without
//! input or output.
//!
//! # Layout
//!
//! - [`Profiles`]: the profiles at hand, bounded
//! - [`AtHand`]: what an event gets of them; [`freshness`] judges how good it is
//! - [`StoredProfile`]: a profile as its owner keeps it in state
//! - [`ProfilePart`]: what one system knows of a customer
//! - [`merge()`]: one profile from what the systems answered, now and earlier
//! - `view`: which fields of a profile enter events

mod at_hand;
pub mod freshness;
mod merge;
mod part;
mod store;
mod stored;
mod view;

pub use at_hand::AtHand;
pub use merge::merge;
pub use part::{ProfileData, ProfilePart};
pub use store::Profiles;
pub use stored::StoredProfile;
