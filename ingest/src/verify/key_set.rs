//! Public keys, as they are written in PEM or in a JSON Web Key Set.
//!
//! Pure: functions of the input.

use std::ops::RangeInclusive;

use aws_lc_rs::rsa::{PublicEncryptingKey, PublicKeyComponents};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde_json::Value;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Most keys of a set: issuers have a handful, and a token without a key's id is tried with each of them.
const KEYS_MAX: usize = 64;

/// Bytes of an ECDSA signature by P-256 as JSON Web Signatures have it (RFC 7518, section 3.4); others have it in DER.
const P256_BYTES: usize = 64;

const UNREADABLE: &str = "a public key in it cannot be read";

// What the algorithm of a key is called in ASN.1 (RFC 3279, RFC 5480, RFC 8410).
const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const ED25519: &str = "1.3.101.112";

/// Bits of the RSA keys that can check a signature: fewer are no proof (NIST SP 800-131A, revision 2, section 3), and
/// the library takes no more.
const RSA_BITS: RangeInclusive<usize> = 2_048..=8_192;

/// Public keys that were read together.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

#[derive(Debug)]
struct PublicKey {
    /// What tokens call it.
    id: Option<String>,
    /// The one algorithm that it is for, where it says so.
    only: Option<Algorithm>,
    kind: Kind,
    key: DecodingKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

// === impl KeySet ===

impl KeySet {
    /// The keys of a text: PEM (`PUBLIC KEY`, `RSA PUBLIC KEY`, `CERTIFICATE`, one or more), or a JSON Web Key Set.
    /// Keys of a set that are for something else, or of a kind that is not known, are left out (RFC 7517, section 5).
    ///
    /// # Errors
    /// What is wrong with the text, without repeating it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let keys = match text.trim_start().starts_with('{') {
            true => from_set(text)?,
            false => from_pem(text)?,
        };
        match keys.len() {
            0 => Err("it holds no public key that can check a signature".to_owned()),
            1..=KEYS_MAX => Ok(Self { keys }),
            many => Err(format!("it holds {many} keys, and at most {KEYS_MAX} are taken")),
        }
    }

    /// Whether one of the keys can check signatures of one of these algorithms.
    pub fn suits(&self, algorithms: &[Algorithm]) -> bool {
        algorithms.iter().any(|algorithm| self.suiting(*algorithm, None).next().is_some())
    }

    /// Whether a key has this id.
    pub fn knows(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// Whether each of the keys has an id.
    pub fn names_all(&self) -> bool {
        self.keys.iter().all(|key| key.id.is_some())
    }

    /// The keys that signatures of this algorithm may be by; where there is an id, those of another one are not among
    /// them.
    pub fn suiting<'a>(
        &'a self,
        algorithm: Algorithm,
        id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a DecodingKey> {
        let suits = move |key: &&PublicKey| {
            key.kind.suits(algorithm)
                && key.only.is_none_or(|only| only == algorithm)
                && id.is_none_or(|id| key.id.as_deref().is_none_or(|known| known == id))
        };
        self.keys.iter().filter(suits).map(|key| &key.key)
    }
}

/// Whether a signature has a length that signatures of this algorithm have.
pub fn has_length(algorithm: Algorithm, signature: &[u8]) -> bool {
    use Algorithm::{ES256, ES384, EdDSA};
    match algorithm {
        // In DER two numbers of at most 33 bytes, each with 2 bytes in front, and 2 for both.
        ES256 => (8..=72).contains(&signature.len()),
        ES384 => signature.len() == 96,
        EdDSA => signature.len() == 64,
        // As long as the key's modulus (RFC 8017, sections 8.1.2 and 8.2.2).
        _ => (RSA_BITS.start() / 8..=RSA_BITS.end() / 8).contains(&signature.len()),
    }
}

/// Whether a key made this signature over a message.
pub fn is_by(key: &DecodingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    match algorithm {
        Algorithm::ES256 if signature.len() != P256_BYTES => {
            let point = key.try_get_as_bytes().unwrap_or_default();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
        }
        _ => {
            let written = URL_SAFE_NO_PAD.encode(signature);
            jsonwebtoken::crypto::verify(&written, message, key, algorithm).is_ok_and(|signed| signed)
        }
    }
}

// === impl Kind ===

impl Kind {
    fn suits(self, algorithm: Algorithm) -> bool {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        match algorithm {
            RS256 | RS384 | RS512 | PS256 | PS384 | PS512 => self == Self::Rsa,
            ES256 => self == Self::P256,
            ES384 => self == Self::P384,
            EdDSA => self == Self::Ed25519,
            // What both sides know signs nothing here, and what is not known is not trusted.
            _ => false,
        }
    }
}

fn from_set(text: &str) -> Result<Vec<PublicKey>, String> {
    let set: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or("it is JSON without a list 'keys'")?;
    Ok(keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).filter_map(of_jwk).collect())
}

fn of_jwk(jwk: Jwk) -> Option<PublicKey> {
    let common = &jwk.common;
    let is_for_signatures =
        common.public_key_use.as_ref().is_none_or(|is_for| *is_for == PublicKeyUse::Signature);
    let operations = common.key_operations.as_ref();
    let checks = operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let kind = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Kind::Rsa,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Kind::P256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => Kind::P384,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Kind::Ed25519,
        _ => return None,
    };
    let only = match common.key_algorithm {
        Some(named) => Some(Algorithm::try_from(named).ok()?),
        None => None,
    };
    let key = usable(kind, DecodingKey::from_jwk(&jwk).ok()?).ok()?;
    (is_for_signatures && checks).then(|| PublicKey { id: common.key_id.clone(), only, kind, key })
}

fn from_pem(text: &str) -> Result<Vec<PublicKey>, String> {
    let mut keys = Vec::new();
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let block = block.map_err(|_| "it is no PEM".to_owned())?;
        let (kind, key) = match block.label.as_str() {
            "PUBLIC KEY" => {
                let (_, info) =
                    SubjectPublicKeyInfo::from_der(&block.contents).map_err(|_| UNREADABLE.to_owned())?;
                of_info(&info)?
            }
            "CERTIFICATE" => {
                let certificate = block.parse_x509();
                of_info(
                    certificate.map_err(|_| "a certificate in it cannot be read".to_owned())?.public_key(),
                )?
            }
            "RSA PUBLIC KEY" => (Kind::Rsa, of_rsa(&block.contents)?),
            label => return Err(format!("it holds a '{label}', which is no public key")),
        };
        keys.push(PublicKey { id: None, only: None, kind, key: usable(kind, key)? });
    }
    Ok(keys)
}

/// An RSA key of PKCS #1.
fn of_rsa(der: &[u8]) -> Result<DecodingKey, String> {
    let (_, key) = RSAPublicKey::from_der(der).map_err(|_| UNREADABLE.to_owned())?;
    let digits = |number: &'_ [u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
    Ok(DecodingKey::from_rsa_raw_components(&digits(key.modulus), &digits(key.exponent)))
}

/// A key that the library takes: it is looked at now, since it would be refused with each signature otherwise.
fn usable(kind: Kind, key: DecodingKey) -> Result<DecodingKey, String> {
    if let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() {
        let bits = n.first().map_or(0, |first| 8 * n.len() - first.leading_zeros() as usize);
        if !RSA_BITS.contains(&bits) {
            let [least, most] = [RSA_BITS.start(), RSA_BITS.end()];
            return Err(format!("an RSA key in it has {bits} bits, and {least} to {most} are taken"));
        }
        let parsed: Result<PublicEncryptingKey, _> = PublicKeyComponents { n, e }.try_into();
        return parsed.map(|_| key.clone()).map_err(|_| UNREADABLE.to_owned());
    }
    let algorithm: &'static dyn VerificationAlgorithm = match kind {
        Kind::P256 => &ECDSA_P256_SHA256_FIXED,
        Kind::P384 => &ECDSA_P384_SHA384_FIXED,
        Kind::Ed25519 => &signature::ED25519,
        // They are numbers, which are looked at above.
        Kind::Rsa => return Err(UNREADABLE.to_owned()),
    };
    let bytes = key.try_get_as_bytes().map_err(|_| UNREADABLE.to_owned())?;
    ParsedPublicKey::new(algorithm, bytes).map_err(|_| UNREADABLE.to_owned())?;
    Ok(key)
}

fn of_info(info: &SubjectPublicKeyInfo<'_>) -> Result<(Kind, DecodingKey), String> {
    let named = info.algorithm.algorithm.to_id_string();
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let bytes = &info.subject_public_key.data;
    match (named.as_str(), curve.map(|curve| curve.to_id_string()).as_deref()) {
        (RSA, _) => Ok((Kind::Rsa, of_rsa(bytes)?)),
        (EC, Some(P256)) => Ok((Kind::P256, DecodingKey::from_ec_der(bytes))),
        (EC, Some(P384)) => Ok((Kind::P384, DecodingKey::from_ec_der(bytes))),
        (ED25519, _) => Ok((Kind::Ed25519, DecodingKey::from_ed_der(bytes))),
        (other, _) => Err(format!("a key in it is of a kind that is not known ({other})")),
    }
}
