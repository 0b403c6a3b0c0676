//! Signatures over what a request carries: `method = "hmac"` and `"public_key"`, and the preset `"standard_webhooks"`.

use std::time::Duration;

use super::keys;
use super::public_keys::{PublicKeys, SignatureAlgorithm};
use super::signed_text::{SignedPart, signed_text};
use crate::reference::{key, secret};
use crate::section::{Problem, Read, Section, Value};
use crate::values::{duration, header, one_of, string, text};
use crate::{KeyEncoding, SecretHandle};

/// How far the time of a signature may be from now, where nothing else is configured: that of the libraries of Standard
/// Webhooks, of Slack and of Stripe.
const TOLERANCE: Duration = Duration::from_secs(300);

/// A signature over what a request carries, and how it is written.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Header that carries the signature, or several of them.
    pub header: String,
    /// What stands before a signature in that header; may be empty. Where there are several values, those that begin
    /// otherwise are none of it.
    pub prefix: String,
    /// What separates the values in that header; `None`: it holds one.
    pub separator: Option<char>,
    /// How a signature is written.
    pub encoding: SignatureEncoding,
    /// What is signed; the body is in it once.
    pub signed: Vec<SignedPart>,
    /// Header with the delivery's id, where that is signed.
    pub id_header: Option<String>,
    /// When it was signed, where that is signed.
    pub time: Option<SignedTime>,
    /// Who can sign.
    pub by: SignedBy,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureEncoding {
    /// Standard alphabet, padded.
    Base64,
    /// The alphabet for URLs, padded or not (RFC 4648, section 5).
    Base64Url,
    /// Lower or upper case.
    Hex,
}

/// When a request was signed, and how long it is believed.
#[derive(Debug, Clone)]
pub struct SignedTime {
    /// Where it stands.
    pub at: TimeAt,
    /// How it is written.
    pub unit: TimeUnit,
    /// How far it may be from now, before or after.
    pub tolerance: Duration,
}

/// Where the time of a signature stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeAt {
    /// In a header of its own.
    Header(String),
    /// In the signature's header, as the value with this prefix.
    Prefix(String),
}

/// How the time of a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// As in RFC 3339, such as `2026-03-02T08:20:00Z`.
    Rfc3339,
}

/// Who can sign.
#[derive(Debug, Clone)]
pub enum SignedBy {
    /// Whoever has one of these secrets.
    Hmac {
        /// The hash.
        algorithm: HmacAlgorithm,
        /// How the secrets are written.
        encoding: KeyEncoding,
        /// The secrets.
        secrets: Vec<SecretHandle>,
    },
    /// Whoever has the private key of one of these keys.
    PublicKey {
        /// How they sign.
        algorithm: SignatureAlgorithm,
        /// The public keys.
        keys: PublicKeys,
    },
    /// Whoever has the private key of one of these Ed25519 keys, which are written as Standard Webhooks does.
    Ed25519 {
        /// The public keys.
        keys: Vec<SecretHandle>,
    },
}

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HmacAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// SHA-1, for senders that have nothing else; as part of an HMAC it is not known to be broken.
    Sha1,
}

// === impl SignatureEncoding ===

impl SignatureEncoding {
    /// Whether a signature may have this character, padding aside, which is behind it.
    fn has(self, char: char) -> bool {
        match self {
            Self::Base64 => char.is_ascii_alphanumeric() || "+/".contains(char),
            Self::Base64Url => char.is_ascii_alphanumeric() || "-_".contains(char),
            Self::Hex => char.is_ascii_hexdigit(),
        }
    }
}

// === impl Signature ===

impl Signature {
    /// `method = "hmac"`.
    pub(super) fn read_hmac(section: &Section<'_>) -> Option<Self> {
        let algorithms = [
            ("sha256", HmacAlgorithm::Sha256),
            ("sha512", HmacAlgorithm::Sha512),
            ("sha1", HmacAlgorithm::Sha1),
        ];
        let algorithm = section.or("algorithm", one_of(algorithms), HmacAlgorithm::Sha256);
        let encodings =
            [("text", KeyEncoding::Text), ("hex", KeyEncoding::Hex), ("base64", KeyEncoding::Base64)];
        let encoding = section.or("secret_encoding", one_of(encodings), KeyEncoding::Text);
        let secrets = match encoding {
            KeyEncoding::Text => keys(section, "secrets", secret),
            _ => keys(section, "secrets", key(encoding)),
        };
        let written = Written { header: "X-Hub-Signature-256", prefix: "sha256=" };
        let by = secrets.map(|secrets| SignedBy::Hmac { algorithm, encoding, secrets });
        Self::read(section, &written, by)
    }

    /// `method = "public_key"`.
    pub(super) fn read_public_key(section: &Section<'_>) -> Option<Self> {
        let algorithms = [
            ("RS256", SignatureAlgorithm::Rs256),
            ("PS256", SignatureAlgorithm::Ps256),
            ("ES256", SignatureAlgorithm::Es256),
            ("EdDSA", SignatureAlgorithm::EdDsa),
        ];
        let algorithm = section.required("algorithm", one_of(algorithms));
        let keys = PublicKeys::read(section);
        let written = Written { header: "X-Signature", prefix: "" };
        let by = algorithm.zip(keys).map(|(algorithm, keys)| SignedBy::PublicKey { algorithm, keys });
        Self::read(section, &written, by)
    }

    /// `method = "standard_webhooks"`: headers and text of the specification
    /// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, 1.0.0); by
    /// `secrets`, or by `public_keys` where the sender signs asymmetrically.
    pub(super) fn read_standard_webhooks(section: &Section<'_>) -> Option<Self> {
        let tolerance = section.or("tolerance", bounded, TOLERANCE);
        let (by, prefix) = if section.has("public_keys") {
            if section.has("secrets") {
                section.refuse(
                    "secrets",
                    "either 'secrets' (signatures 'v1') or 'public_keys' (signatures 'v1a'), as the sender signs",
                );
            }
            section.optional("secrets", |_| Ok(()));
            let public_keys = keys(section, "public_keys", key(KeyEncoding::WebhookPublicKey));
            (public_keys.map(|keys| SignedBy::Ed25519 { keys }), "v1a,")
        } else {
            let secrets = keys(section, "secrets", key(KeyEncoding::WebhookSecret));
            // Asked for so that a misspelt name is told from a known one.
            section.optional("public_keys", |_| Ok(()));
            let (algorithm, encoding) = (HmacAlgorithm::Sha256, KeyEncoding::WebhookSecret);
            (secrets.map(|secrets| SignedBy::Hmac { algorithm, encoding, secrets }), "v1,")
        };
        let dot = || SignedPart::Text(".".to_owned());
        Some(Self {
            header: "webhook-signature".to_owned(),
            prefix: prefix.to_owned(),
            separator: Some(' '),
            encoding: SignatureEncoding::Base64,
            signed: vec![SignedPart::Id, dot(), SignedPart::Timestamp, dot(), SignedPart::Body],
            id_header: Some("webhook-id".to_owned()),
            time: Some(SignedTime {
                at: TimeAt::Header("webhook-timestamp".to_owned()),
                unit: TimeUnit::Seconds,
                tolerance,
            }),
            by: by?,
        })
    }

    /// Everything but who signs.
    fn read(section: &Section<'_>, default: &Written, by: Option<SignedBy>) -> Option<Self> {
        let header = section.or("header", self::header, default.header.to_owned());
        let prefix = section.or("prefix", string, default.prefix).to_owned();
        let separators = [(",", ','), (";", ';'), (" ", ' ')];
        let separator = section.optional("separator", one_of(separators));
        if separator.is_some_and(|separator| prefix.contains(separator)) {
            section.refuse("prefix", "field 'prefix' must not hold the separator");
        }
        let encodings = [
            ("base64", SignatureEncoding::Base64),
            ("base64url", SignatureEncoding::Base64Url),
            ("hex", SignatureEncoding::Hex),
        ];
        let encoding = section.or("encoding", one_of(encodings), SignatureEncoding::Base64);
        let signed = section.optional("signed", signed_text);
        let id_header = section.optional("id_header", self::header);
        let time = SignedTime::read(section, separator);
        if let Some(SignedTime { at: TimeAt::Prefix(time), .. }) = &time {
            tell_apart(section, time, &prefix, separator, encoding);
        }
        let signed = match signed {
            Some(signed) => {
                agree(section, &signed, &SignedPart::Id, section.has("id_header"), "'id_header'");
                let has_time = section.has("timestamp_header") || section.has("timestamp_prefix");
                let fields = "'timestamp_header' or 'timestamp_prefix'";
                agree(section, &signed, &SignedPart::Timestamp, has_time, fields);
                signed
            }
            None if section.has("signed") => return None,
            None => {
                let signed = vec![SignedPart::Body];
                for field in ["id_header", "timestamp_header", "timestamp_prefix"] {
                    if section.has(field) {
                        section.refuse(field, &unsigned(field));
                    }
                }
                signed
            }
        };
        Some(Self { header, prefix, separator, encoding, signed, id_header, time, by: by? })
    }
}

/// How signatures are written where nothing is configured.
struct Written {
    header: &'static str,
    prefix: &'static str,
}

/// Notes where the values of a header that begin with the prefix of a time are no times, or not all times.
fn tell_apart(
    section: &Section<'_>,
    time: &str,
    prefix: &str,
    separator: Option<char>,
    encoding: SignatureEncoding,
) {
    if separator.is_some_and(|separator| time.contains(separator)) {
        section.refuse("timestamp_prefix", "field 'timestamp_prefix' must not hold the separator");
    }
    let may_be_signature = |rest: &str| rest.chars().all(|char| encoding.has(char));
    if prefix.starts_with(time) || time.strip_prefix(prefix).is_some_and(may_be_signature) {
        let message = format!(
            "field 'timestamp_prefix' is '{time}', with which signatures may begin as well: they begin with \
             'prefix', which is '{prefix}'"
        );
        section.refuse("timestamp_prefix", &message);
    }
}

/// Notes where a template asks for what no field tells the place of, or a field tells of what is not signed.
fn agree(section: &Section<'_>, signed: &[SignedPart], part: &SignedPart, told: bool, fields: &str) {
    match (signed.contains(part), told) {
        (true, false) => {
            let name = if *part == SignedPart::Id { "{id}" } else { "{timestamp}" };
            section.refuse("signed", &format!("field 'signed' holds {name}, which needs {fields}"));
        }
        (false, true) => {
            let field = ["id_header", "timestamp_header", "timestamp_prefix"]
                .into_iter()
                .filter(|field| fields.contains(field))
                .find(|field| section.has(field));
            let field = field.unwrap_or("signed");
            section.refuse(field, &unsigned(field));
        }
        _ => {}
    }
}

fn unsigned(field: &str) -> String {
    let placeholder = if field == "id_header" { "{id}" } else { "{timestamp}" };
    format!("field '{field}' needs {placeholder} in 'signed': what is not signed anybody can change")
}

// === impl SignedTime ===

impl SignedTime {
    fn read(section: &Section<'_>, separator: Option<char>) -> Option<Self> {
        let header = section.optional("timestamp_header", header);
        let prefix = section.optional("timestamp_prefix", text);
        let units = [
            ("seconds", TimeUnit::Seconds),
            ("milliseconds", TimeUnit::Milliseconds),
            ("rfc3339", TimeUnit::Rfc3339),
        ];
        let unit = section.or("timestamp_unit", one_of(units), TimeUnit::Seconds);
        let tolerance = section.or("tolerance", bounded, TOLERANCE);
        if header.is_some() && prefix.is_some() {
            let message = "either 'timestamp_header' or 'timestamp_prefix': a signature has one time";
            section.refuse("timestamp_prefix", message);
        }
        if prefix.is_some() && separator.is_none() && !section.has("separator") {
            let message =
                "field 'timestamp_prefix' needs 'separator': the time is one of the header's values";
            section.refuse("timestamp_prefix", message);
        }
        let at = header.map(TimeAt::Header).or_else(|| prefix.map(TimeAt::Prefix));
        if at.is_none() {
            for field in ["timestamp_unit", "tolerance"] {
                if section.has(field) && !section.has("timestamp_header") && !section.has("timestamp_prefix")
                {
                    let message = format!("field '{field}' needs 'timestamp_header' or 'timestamp_prefix'");
                    section.refuse(field, &message);
                }
            }
        }
        Some(Self { at: at?, unit, tolerance })
    }
}

/// A tolerance: a day is far more than clocks and retries need.
fn bounded(value: &Value<'_>) -> Read<Duration> {
    let tolerance = duration(value)?;
    match tolerance <= Duration::from_secs(86_400) {
        true => Ok(tolerance),
        false => {
            Err(Problem::new("must be at most a day: for so long a request can be sent again by others"))
        }
    }
}
