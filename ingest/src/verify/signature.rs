//! Proof by a signature over the raw body, and what the request carries beside it.

use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use trunkline_config::{Signature, SignatureEncoding, SignedPart, SignedTime, TimeAt};
use trunkline_mapping::Proof;

use super::fetched_keys::FetchedKeys;
use super::signed_by::Signers;
use super::{Failure, Shown, header, signed_time};

/// Most signatures of one request that are looked at: one for each key of a rotation, and some that are not ours. Each
/// costs an operation with each key, which nobody who proves nothing yet gets without bound.
const SIGNATURES_MAX: usize = 8;

/// The alphabet for URLs, padded or not: senders differ.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A source's signatures: how they are written, and who can make them.
pub struct Signatures {
    /// The configured one, with the names of headers in lower case.
    written: Signature,
    signers: Signers,
}

/// Signatures that headers name, of which one has to be right when the body is there.
pub struct ClaimedSignatures<'a> {
    signers: &'a Signers,
    values: Vec<Vec<u8>>,
    /// What is signed before the body and after it.
    around: (Vec<u8>, Vec<u8>),
    /// When the request came.
    now: Instant,
}

// === impl Signatures ===

impl Signatures {
    /// Accepts what is signed as the configuration says.
    pub fn new(configured: &Signature) -> Self {
        let mut written = configured.clone();
        written.header.make_ascii_lowercase();
        written.id_header.iter_mut().for_each(|header| header.make_ascii_lowercase());
        if let Some(SignedTime { at: TimeAt::Header(header), .. }) = &mut written.time {
            header.make_ascii_lowercase();
        }
        Self { signers: Signers::new(&configured.by), written }
    }

    /// The signatures that the headers of a request name; refused at once where its time is too far from now.
    pub fn claimed(&self, shown: &Shown<'_>) -> Result<ClaimedSignatures<'_>, Failure> {
        let value = text(shown.headers, &self.written.header)?;
        let values: Vec<&str> = match self.written.separator {
            Some(separator) => value.split(separator).map(str::trim).collect(),
            None => vec![value],
        };
        let time =
            self.written.time.as_ref().map(|time| signed_at(time, &values, shown.headers)).transpose()?;
        let id = self.written.id_header.as_ref().map(|header| text(shown.headers, header)).transpose()?;
        if let (Some(time), Some(written)) = (&self.written.time, time) {
            signed_time::check(time, written, shown.utc_ms)?;
        }
        let signatures: Vec<Vec<u8>> =
            values.iter().filter_map(|value| self.signature(value)).take(SIGNATURES_MAX + 1).collect();
        if !(1..=SIGNATURES_MAX).contains(&signatures.len()) {
            return Err(Failure::Malformed);
        }
        if !self.signers.are_known(shown.now) {
            return Err(Failure::NoKeys);
        }
        let around = self.around(id.unwrap_or_default(), time.unwrap_or_default());
        Ok(ClaimedSignatures { signers: &self.signers, values: signatures, around, now: shown.now })
    }

    /// The signature that one of the values of its header is. The time and what senders put beside it are none, and
    /// keep no signature from being looked at.
    fn signature(&self, value: &str) -> Option<Vec<u8>> {
        if let Some(SignedTime { at: TimeAt::Prefix(prefix), .. }) = &self.written.time
            && value.starts_with(prefix.as_str())
        {
            return None;
        }
        decoded(self.written.encoding, value.strip_prefix(self.written.prefix.as_str())?)
            .filter(|signature| self.signers.may_make(signature))
    }

    /// The public keys that somebody has to fetch.
    pub fn fetched(&self) -> Option<&Arc<FetchedKeys>> {
        self.signers.fetched()
    }

    /// What is signed before the body and after it.
    fn around(&self, id: &str, time: &str) -> (Vec<u8>, Vec<u8>) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut current = &mut before;
        for part in &self.written.signed {
            match part {
                SignedPart::Text(text) => current.extend_from_slice(text.as_bytes()),
                SignedPart::Id => current.extend_from_slice(id.as_bytes()),
                SignedPart::Timestamp => current.extend_from_slice(time.as_bytes()),
                SignedPart::Body => current = &mut after,
            }
        }
        (before, after)
    }
}

/// The time of a signature, as it was sent.
fn signed_at<'a>(time: &SignedTime, values: &[&'a str], headers: &'a HeaderMap) -> Result<&'a str, Failure> {
    match &time.at {
        TimeAt::Header(header) => text(headers, header),
        TimeAt::Prefix(prefix) => {
            let mut times = values.iter().filter_map(|value| value.strip_prefix(prefix.as_str()));
            let time = times.next().ok_or(Failure::Missing)?;
            if times.next().is_some() { Err(Failure::Repeated) } else { Ok(time) }
        }
    }
}

/// The text of a header that was sent exactly once. An empty one says nothing.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Failure> {
    let value = header::only(headers, name)?.to_str().map_err(|_| Failure::Malformed)?;
    if value.is_empty() { Err(Failure::Malformed) } else { Ok(value) }
}

fn decoded(encoding: SignatureEncoding, written: &str) -> Option<Vec<u8>> {
    match encoding {
        SignatureEncoding::Base64 => STANDARD.decode(written).ok(),
        SignatureEncoding::Base64Url => BASE64_URL.decode(written).ok(),
        SignatureEncoding::Hex => hex::decode(written).ok(),
    }
}

// === impl ClaimedSignatures ===

impl ClaimedSignatures<'_> {
    /// Looks whether one of them is over this body.
    ///
    /// # Errors
    /// [`Failure::Mismatch`] when no key makes any of these signatures, [`Failure::NoKeys`] when the keys may be old.
    pub fn check(&self, body: &[u8]) -> Result<Proof, Failure> {
        let (before, after) = &self.around;
        match self.signers.signed(&[before, body, after], &self.values, self.now) {
            true => Ok(self.signers.proof()),
            false if self.signers.fetched().is_some_and(|keys| keys.may_be_old()) => Err(Failure::NoKeys),
            false => Err(Failure::Mismatch),
        }
    }
}

impl std::fmt::Debug for ClaimedSignatures<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ClaimedSignatures")
    }
}
