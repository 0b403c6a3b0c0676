//! Content codings: taking gzip off a body, within its limit.
//!
//! A signature is over the bytes as they are sent, so it is checked before.

use std::borrow::Cow;
use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;

/// Why a body's content is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecoded {
    /// More comes out of it than is taken.
    #[error("the body's content is larger than {limit} bytes")]
    TooLarge {
        /// Most bytes taken.
        limit: usize,
    },
    /// It is not what its header says, or breaks off.
    #[error("the body is not the gzip that its Content-Encoding announces: {error}")]
    Corrupt {
        /// What the decoder says.
        error: String,
    },
    /// Another coding than gzip, or several.
    #[error("the body has a Content-Encoding other than gzip, which is not taken off here")]
    Unsupported,
}

enum Coding {
    Identity,
    Gzip,
}

/// The content of a body, without the coding that its headers name. It takes no more memory than `limit`,
/// whatever the body claims to become.
///
/// # Errors
/// Why the content is not known.
pub fn content<'a>(headers: &HeaderMap, body: &'a [u8], limit: usize) -> Result<Cow<'a, [u8]>, Undecoded> {
    match coding(headers)? {
        Coding::Identity => Ok(Cow::Borrowed(body)),
        Coding::Gzip => gunzip(body, limit).map(Cow::Owned),
    }
}

/// Most bytes of content that a byte of gzip stands for (zlib's documentation: "the maximum compression factor is
/// 1032:1").
const GZIP_FACTOR: usize = 1_032;

/// How many bytes more than the body the content may take, as far as `limit` lets it.
pub fn growth(headers: &HeaderMap, body: usize, limit: usize) -> usize {
    match coding(headers) {
        Ok(Coding::Gzip) => body.saturating_mul(GZIP_FACTOR).min(limit),
        Ok(Coding::Identity) | Err(_) => 0,
    }
}

/// Names of codings are not case-sensitive, and `x-gzip` is gzip (RFC 9110, 8.4.1).
fn coding(headers: &HeaderMap) -> Result<Coding, Undecoded> {
    let mut coding = Coding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let names = value.to_str().map_err(|_| Undecoded::Unsupported)?;
        for name in names.split(',').map(|name| name.trim().to_ascii_lowercase()) {
            coding = match (name.as_str(), coding) {
                ("" | "identity", coding) => coding,
                ("gzip" | "x-gzip", Coding::Identity) => Coding::Gzip,
                _ => return Err(Undecoded::Unsupported),
            };
        }
    }
    Ok(coding)
}

fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let mut content = Vec::new();
    // One byte more than is taken tells what is just small enough from what is too large.
    let read = MultiGzDecoder::new(body).take(limit as u64 + 1).read_to_end(&mut content);
    if content.len() > limit {
        return Err(Undecoded::TooLarge { limit });
    }
    read.map_err(|error| Undecoded::Corrupt { error: error.to_string() })?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(codings: &[&str], body: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(header::CONTENT_ENCODING, coding.parse().unwrap());
        }
        content(&headers, body, limit).map(Cow::into_owned)
    }

    #[test]
    fn gzip_is_taken_off_and_nothing_else_is() {
        let members = [gzip(b"{}"), gzip(b" ")].concat();
        for (codings, body, expected) in [
            (&[][..], b"{}".to_vec(), Ok(&b"{}"[..])),
            (&[""], b"{}".to_vec(), Ok(b"{}")),
            (&["identity"], b"{}".to_vec(), Ok(b"{}")),
            (&["gzip"], gzip(b"{}"), Ok(b"{}")),
            (&["X-GZip"], gzip(b"{}"), Ok(b"{}")),
            (&["identity, gzip"], gzip(b"{}"), Ok(b"{}")),
            (&["gzip"], members, Ok(b"{} ")),
            (&["gzip"], gzip(b""), Ok(b"")),
            (&["gzip", "gzip"], gzip(&gzip(b"{}")), Err(Undecoded::Unsupported)),
            (&["gzip, br"], gzip(b"{}"), Err(Undecoded::Unsupported)),
            (&["br"], b"{}".to_vec(), Err(Undecoded::Unsupported)),
            (&["deflate"], b"{}".to_vec(), Err(Undecoded::Unsupported)),
            (&["zstd"], b"{}".to_vec(), Err(Undecoded::Unsupported)),
        ] {
            assert_eq!(decoded(codings, &body, 9), expected.map(<[u8]>::to_vec), "{codings:?}");
        }
    }

    #[test]
    fn what_is_not_gzip_or_breaks_off_is_corrupt() {
        let whole = gzip(b"{\"a\":1}");
        let with_more = [&whole[..], b"{}"].concat();
        let mut changed = whole.clone();
        let checksum = changed.len() - 8;
        changed[checksum] ^= 1;
        for body in [b"{}".to_vec(), b"".to_vec(), whole[..whole.len() - 1].to_vec(), with_more, changed] {
            let found = decoded(&["gzip"], &body, 99);
            assert!(matches!(found, Err(Undecoded::Corrupt { .. })), "{found:?} of {}", body.escape_ascii());
        }
    }

    #[test]
    fn a_body_that_becomes_too_large_is_refused_before_it_does() {
        let bomb = gzip(&vec![b' '; 50_000_000]);
        assert!(bomb.len() < 100_000);
        assert_eq!(decoded(&["gzip"], &bomb, 1_000), Err(Undecoded::TooLarge { limit: 1_000 }));
        assert_eq!(decoded(&["gzip"], &gzip(&[b' '; 9]), 9).map(|content| content.len()), Ok(9));
        assert_eq!(decoded(&["gzip"], &gzip(&[b' '; 10]), 9), Err(Undecoded::TooLarge { limit: 9 }));
    }
}
