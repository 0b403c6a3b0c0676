//! What the engine asks of its surroundings, besides the brokers, the store and restores.

pub use trunkline_kafka::SchemaSource;
use trunkline_schemas::CustomerProfile;

/// The wall clock.
pub trait Clock {
    /// UTC milliseconds.
    fn now(&self) -> i64;
}

/// Where profiles are fetched.
pub trait ProfileLookups {
    /// Asks for a customer, unless that is under way already.
    fn request(&mut self, customer: String, traceparent: Option<String>);

    /// The profiles fetched since the last call.
    fn take_answers(&mut self) -> Vec<CustomerProfile>;

    /// Lookups under way.
    fn in_flight(&self) -> usize;

    /// True when more wait than may be under way: the stream should pause.
    fn is_saturated(&self) -> bool;
}
