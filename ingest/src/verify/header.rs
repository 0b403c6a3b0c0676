//! The one header that carries a proof.

use axum::http::{HeaderMap, HeaderValue};

use super::Failure;

/// The header's value, when it was sent exactly once.
pub fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a HeaderValue, Failure> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().ok_or(Failure::Missing)?;
    if values.next().is_some() { Err(Failure::Repeated) } else { Ok(first) }
}

/// The credential in `Authorization`, behind a scheme whose name is not case-sensitive (RFC 9110, 11.1).
/// `scheme` ends with its space.
pub fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Result<&'a [u8], Failure> {
    let value = only(headers, "authorization")?.as_bytes();
    let (name, credential) = value.split_at_checked(scheme.len()).ok_or(Failure::Malformed)?;
    if name.eq_ignore_ascii_case(scheme.as_bytes()) { Ok(credential) } else { Err(Failure::Malformed) }
}
