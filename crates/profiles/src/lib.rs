//! What is known of customers, and whether it is good enough for an event: pure, without a clock and without
//! input or output.
//!
//! # Layout
//!
//! - [`Profiles`]: the profiles at hand, bounded; [`TakenIn`]: what became of a record that was read
//! - [`AtHand`]: what an event gets of them; [`freshness`] judges how good it is
//! - [`StoredProfile`]: a profile as its owner keeps it in state
//! - [`ProfilePart`]: what one source knows of a customer; [`AskedSource`]: which are asked
//! - [`merge()`]: one profile from what the sources answered just now; [`join()`]: two records of a customer become one
//! - [`address`]: by what somebody can be known who has no id
//! - `flat`: the fields of a profile, from its parts
//! - `view`: which fields of a profile enter events

pub mod address;
mod asked;
mod at_hand;
mod flat;
pub mod freshness;
mod join;
mod merge;
mod part;
mod store;
mod stored;
mod view;

pub use asked::AskedSource;
pub use at_hand::AtHand;
pub use join::join;
pub use merge::merge;
pub use part::{ProfileData, ProfilePart};
pub use store::{Profiles, TakenIn};
pub use stored::StoredProfile;
