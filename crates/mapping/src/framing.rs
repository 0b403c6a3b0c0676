//! How elements stand in the bytes of a delivery.

/// How elements stand in the bytes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// An array is a batch of elements, anything else is one element.
    Body,
    /// The bytes are one element, whatever they are: it may have been an array within a batch.
    Element,
}
