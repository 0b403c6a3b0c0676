//! Transports: what each wraps around an event, taken off so that the event's format need not know it.

pub mod eventbridge;

use std::borrow::Cow;

use serde_json::Value;

use crate::event_time::Times;
use crate::payload::Element;

/// What is left of a payload when its transport's wrapping is taken off, and what the wrapping says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrapped<'a> {
    /// The event in its platform's format.
    pub message: &'a Value,
    /// JSON Pointer of the message in the payload; empty where the payload is the message.
    pub at: &'static str,
    /// The same with every number as it was written, where that makes a difference.
    pub written: Option<&'a Value>,
    /// The same with every number as a number: what its types are.
    pub typed: &'a Value,
    /// The event's type without the ids of what it is about, where the transport names it; `None` where only
    /// the message does.
    pub type_name: Option<Cow<'a, str>>,
    /// The tenant, where the wrapping names it.
    pub org: Option<String>,
    /// When the transport took the event over; none where the wrapping does not say.
    pub sent_at: Times,
    /// The transport's own id of this delivery.
    pub transport_id: Option<String>,
    /// When it was received, UTC milliseconds: what lies long after it is no time of the event. The latest there is
    /// where nobody said.
    pub received_at: i64,
}

/// Takes a transport's wrapping off a payload; `None` when the payload is not wrapped in it.
pub type Unwrap = for<'a> fn(&'a Element<'a>) -> Option<Unwrapped<'a>>;

/// A webhook whose body is the event itself.
pub fn bare<'a>(element: &'a Element<'a>) -> Option<Unwrapped<'a>> {
    Unwrapped::at(element, "")
}

// === impl Unwrapped ===

impl<'a> Unwrapped<'a> {
    /// The event that stands at a JSON Pointer of a payload, where something stands there; nothing is said about it.
    pub fn at(element: &'a Element<'a>, at: &'static str) -> Option<Self> {
        Some(Self {
            message: element.value.pointer(at)?,
            at,
            written: element.written.as_ref().and_then(|written| written.pointer(at)),
            typed: element.typed().pointer(at)?,
            type_name: None,
            org: None,
            sent_at: Times::default(),
            transport_id: None,
            received_at: i64::MAX,
        })
    }

    /// The points in time at JSON Pointers of the event, the best first.
    pub fn times(&self, pointers: &[&str]) -> Times {
        Times::read(self.typed, self.at, pointers)
    }
}
