//! `traceparent` of W3C Trace Context, level 1 and what later versions add behind it.

use std::fmt;
use std::str::FromStr;

/// Where in which trace something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    /// The trace; never all zero.
    pub trace_id: [u8; 16],
    /// The span; never all zero.
    pub span_id: [u8; 8],
    /// Whether the caller records this trace.
    pub sampled: bool,
}

/// A `traceparent` that must be ignored: a new trace starts, and `tracestate` is not to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent (00-<32 hex>-<16 hex>-<2 hex>)")]
pub struct Invalid;

// === impl TraceParent ===

impl TraceParent {
    /// Reads a header's value.
    ///
    /// Versions above 00 may carry more behind the flags; it is ignored, as the specification asks.
    ///
    /// # Errors
    /// [`Invalid`] for anything that a receiver must answer with a new trace.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = text.as_bytes();
        let (known, rest) = bytes.split_at_checked(LENGTH).ok_or(Invalid)?;
        let version = byte(&known[..2])?;
        let dashes = known[2] == b'-' && known[35] == b'-' && known[52] == b'-';
        let ends_well = rest.is_empty() || (version != 0 && rest[0] == b'-');
        if version == FORBIDDEN_VERSION || !dashes || !ends_well {
            return Err(Invalid);
        }
        let mut parsed =
            Self { trace_id: [0; 16], span_id: [0; 8], sampled: byte(&known[53..55])? & SAMPLED != 0 };
        fill(&mut parsed.trace_id, &known[3..35])?;
        fill(&mut parsed.span_id, &known[36..52])?;
        if parsed.trace_id == [0; 16] || parsed.span_id == [0; 8] {
            return Err(Invalid);
        }
        Ok(parsed)
    }

    /// The same trace, in a span of its own. A span id of zeros, which the format forbids, becomes one.
    #[must_use]
    pub fn child(self, span_id: [u8; 8]) -> Self {
        let span_id = if span_id == [0; 8] { 1_u64.to_be_bytes() } else { span_id };
        Self { span_id, ..self }
    }

    /// A new trace, from random bits: the first 16 bytes name the trace, the others the span.
    #[must_use]
    pub fn from_random(random: [u8; 24], sampled: bool) -> Self {
        let mut trace = Self { trace_id: [0; 16], span_id: [0; 8], sampled };
        trace.trace_id.copy_from_slice(&random[..16]);
        trace.span_id.copy_from_slice(&random[16..]);
        if trace.trace_id == [0; 16] {
            trace.trace_id[15] = 1;
        }
        trace.child(trace.span_id)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 };
        write!(formatter, "00-{}-{}-{flags:02x}", hex::encode(self.trace_id), hex::encode(self.span_id))
    }
}

impl FromStr for TraceParent {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

/// Characters of version 00.
const LENGTH: usize = 55;
/// The version that the specification rules out.
const FORBIDDEN_VERSION: u8 = 0xFF;
/// The flag that the caller may have recorded the trace.
const SAMPLED: u8 = 0x01;

/// Reads two hexadecimal digits; the specification allows lower case alone.
fn byte(digits: &[u8]) -> Result<u8, Invalid> {
    let mut byte = [0];
    fill(&mut byte, digits)?;
    Ok(byte[0])
}

fn fill(target: &mut [u8], digits: &[u8]) -> Result<(), Invalid> {
    if digits.iter().any(u8::is_ascii_uppercase) {
        return Err(Invalid);
    }
    hex::decode_to_slice(digits, target).map_err(|_| Invalid)
}
