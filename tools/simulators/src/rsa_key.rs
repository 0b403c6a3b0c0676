//! RSA keys: made once a process, since that takes a while, and read from PEM.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::DecodingKey;

static KEY: LazyLock<String> = LazyLock::new(|| generate().unwrap_or_default());

/// This process's own key of 2048 bits, in PEM; empty where none can be made, so that no signature is right.
pub(crate) fn random() -> String {
    KEY.clone()
}

/// What verifies signatures of a private key in PEM; `None` where it is none.
pub(crate) fn verifying(pem: &str) -> Option<DecodingKey> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = KeyPair::from_pkcs8(&STANDARD.decode(base64).ok()?).ok()?;
    Some(DecodingKey::from_rsa_der(pair.public_key().as_ref()))
}

fn generate() -> Option<String> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let base64 = STANDARD.encode(der.as_ref());
    let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        // Lines of 64 characters, as RFC 7468 writes them.
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.extend([line, "\n"]);
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----");
    Some(pem)
}
