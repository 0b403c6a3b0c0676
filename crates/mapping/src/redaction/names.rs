//! Which names say that what they name is a credential, however they are written: `Access-Token`,
//! `accessToken` and `ACCESS_TOKEN` are one name, since only letters and digits count, in any case.

/// How names of credentials end: `sessionToken`, `X-Api-Key`, `db.password`.
const CREDENTIALS: [&str; 38] = [
    "token",
    "jwt",
    "bearer",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "wachtwoord",
    "motdepasse",
    "contraseña",
    "contrasena",
    "senha",
    "secret",
    "apikey",
    "accesskey",
    "accountkey",
    "authkey",
    "encryptionkey",
    "masterkey",
    "privatekey",
    "secretkey",
    "sessionkey",
    "sharedkey",
    "signingkey",
    "subscriptionkey",
    "authorization",
    "authorizationcode",
    "authcode",
    "codeverifier",
    "clientassertion",
    "samlresponse",
    "connectionstring",
    "cookie",
    "cookiejar",
    "credential",
];

/// Names of credentials that are the end of many other words: alone, or behind one of [`OWNERS`].
const SHORT: [&str; 5] = ["pass", "pw", "otp", "cvv", "cvc"];

/// Whose password a short name may say it is: a pass for boarding is none.
const OWNERS: [&str; 14] = [
    "user", "db", "database", "login", "admin", "root", "smtp", "imap", "ftp", "sip", "account", "auth",
    "client", "app",
];

/// What may stand behind the name of a credential that is one all the same: `tokenValue`, `password_new`,
/// `privateKeyPem`; also a number or a version: `password2`, `accessTokenV2`.
const ENDINGS: [&str; 17] = [
    "value",
    "text",
    "string",
    "raw",
    "new",
    "old",
    "confirm",
    "confirmation",
    "repeat",
    "again",
    "current",
    "plain",
    "hash",
    "pem",
    "base",
    "encoded",
    "header",
];

/// Tokens that let nobody in: they say where a list goes on.
const PLACES: [&str; 9] = [
    "scrolltoken",
    "pagetoken",
    "nexttoken",
    "previoustoken",
    "continuationtoken",
    "synctoken",
    "deltatoken",
    "cursortoken",
    "resumetoken",
];

/// What tells of a credential and is none, where it stands beside one: `{"token": …, "tokenType": …}`.
const DESCRIPTIONS: [&str; 20] = [
    "type",
    "scope",
    "scopes",
    "expiresin",
    "expiresat",
    "expiry",
    "expires",
    "expiration",
    "validuntil",
    "createdat",
    "issuedat",
    "issuer",
    "algorithm",
    "status",
    "count",
    "used",
    "limit",
    "total",
    "remaining",
    "length",
];

/// Names of signatures of requests that nothing else has: those of Amazon and Google.
const SIGNATURES: [&str; 2] = ["xamzsignature", "xgoogsignature"];

/// Names of signatures that letters have as well: those of CloudFront, of Azure (SAS) and of older requests.
const PLAIN_SIGNATURES: [&str; 2] = ["signature", "sig"];

/// What stands beside the signature of a request: by this a form lets in whoever has it.
const SIGNED: [&str; 8] = [
    "bucket",
    "key",
    "policy",
    "awsaccesskeyid",
    "xamzcredential",
    "xamzalgorithm",
    "googleaccessid",
    "keypairid",
];

/// Further parameters by which an address lets everybody in who has it: sessions of servlets and PHP.
const SESSIONS: [&str; 2] = ["jsessionid", "phpsessid"];

/// Names of credentials that are words of everyday language.
const EVERYDAY: [&str; 6] = ["token", "secret", "bearer", "cookie", "credential", "authorization"];

/// How a member ends that holds the name of what stands beside it: `{"ident": "accessToken", "value": …}`.
const NAMING: [&str; 12] = [
    "ident",
    "name",
    "key",
    "id",
    "label",
    "field",
    "type",
    "attribute",
    "property",
    "path",
    "header",
    "parameter",
];

/// How the member ends that is named so.
const NAMED: [&str; 3] = ["value", "values", "val"];

/// Letters and digits of a name that are looked at, from its end.
const LOOKED_AT: usize = 48;

/// A longer text is no name of a value beside it.
const NAME_MAX: usize = 40;

/// Whether a value of this name is a credential.
pub fn is_credential(name: &str) -> bool {
    Plain::of(name).is_credential()
}

/// Whether texts of this name, or what stands in a list or an object of this name, are credentials: `tokens` is a
/// number of them as often.
pub fn are_credentials(name: &str) -> bool {
    let plain = Plain::of(name);
    plain.is_credential()
        || plain.bytes().split_last().is_some_and(|(last, one)| *last == b's' && ends_in(one))
}

/// Whether what stands in a list or an object of this name are credentials: an `authorization` has roles as often.
pub fn holds_credentials(name: &str) -> bool {
    are_credentials(name) && Plain::of(name).bytes() != b"authorization"
}

/// Whether a word of this name, in what somebody wrote, may be no credential at all: `Secret: menu`.
pub fn is_everyday(name: &str) -> bool {
    let plain = Plain::of(name);
    EVERYDAY.iter().chain(&SHORT).any(|word| word.as_bytes() == plain.bytes())
}

/// Whether a value of this name is the signature of a request, whatever stands beside it.
pub fn is_signature(name: &str) -> bool {
    Plain::of(name).is_one_of(&SIGNATURES)
}

/// Whether a value of this name may be the signature of a request.
pub fn may_be_signature(name: &str) -> bool {
    Plain::of(name).is_one_of(&PLAIN_SIGNATURES)
}

/// Whether a member of this name stands beside the signature of a request.
pub fn is_signed(name: &str) -> bool {
    Plain::of(name).is_one_of(&SIGNED)
}

/// Whether a member of this name beside a credential only tells of it.
pub fn describes(name: &str) -> bool {
    Plain::of(name).ends(&DESCRIPTIONS)
}

/// Whether whoever has an address with a parameter of this name is let in.
pub fn lets_in(parameter: &str) -> bool {
    let plain = Plain::of(parameter);
    plain.is_credential() || [&SIGNATURES, &PLAIN_SIGNATURES, &SESSIONS].iter().any(|of| plain.is_one_of(*of))
}

/// Whether the member of this name, whose text is `text`, says that the value beside it is a credential.
pub fn names_credential(member: &str, text: &str) -> bool {
    text.len() <= NAME_MAX && Plain::of(member).ends(&NAMING) && are_credentials(text)
}

/// Whether a member of this name may be what another one names.
pub fn is_named(member: &str) -> bool {
    Plain::of(member).ends(&NAMED)
}

/// Whether a text or a number of this name may be what another one names; a whole object of it is rather what an
/// event is about.
pub fn is_named_value(member: &str) -> bool {
    let plain = Plain::of(member);
    plain.ends(&NAMED) || plain.bytes() == b"data"
}

/// The letters and digits at the end of a name, in lower case.
struct Plain {
    bytes: [u8; LOOKED_AT],
    start: usize,
}

// === impl Plain ===

impl Plain {
    fn of(name: &str) -> Self {
        let (mut bytes, mut start) = ([0; LOOKED_AT], LOOKED_AT);
        // Bytes of other letters than those of ASCII are kept: they are part of a word.
        for byte in name.bytes().rev().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()) {
            if start == 0 {
                break;
            }
            start -= 1;
            bytes[start] = byte.to_ascii_lowercase();
        }
        Self { bytes, start }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    fn ends(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.bytes().ends_with(ending.as_bytes()))
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.as_bytes() == self.bytes())
    }

    fn is_credential(&self) -> bool {
        let mut name = self.bytes();
        // A number may stand behind what stands behind a credential: `passwordNew2`.
        for _ in 0..3 {
            if ends_in(name) || is_short(name) {
                return true;
            }
            match without_ending(name) {
                Some(stem) => name = stem,
                None => return false,
            }
        }
        false
    }
}

/// A name without the number, the version or the word behind it.
fn without_ending(name: &[u8]) -> Option<&[u8]> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 {
        let stem = &name[..name.len() - digits];
        return Some(stem.strip_suffix(b"v").filter(|stem| !stem.is_empty()).unwrap_or(stem));
    }
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending.as_bytes()))
}

fn is_short(plain: &[u8]) -> bool {
    let owner = SHORT.iter().find_map(|short| plain.strip_suffix(short.as_bytes()));
    owner.is_some_and(|owner| owner.is_empty() || OWNERS.iter().any(|known| known.as_bytes() == owner))
}

fn ends_in(plain: &[u8]) -> bool {
    let ends = |endings: &[&str]| endings.iter().any(|ending| plain.ends_with(ending.as_bytes()));
    ends(&CREDENTIALS) && !ends(&PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_names_however_they_are_written() {
        for name in [
            "Access-Token",
            "access_token",
            "ACCESS.TOKEN",
            "accessToken",
            "sessionToken",
            "refresh_token",
            "id_token",
            "X-Auth-Token",
            "csrfToken",
            "device token",
            "apiKey",
            "X-API-KEY",
            "api_key",
            "secretKey",
            "aws_secret_access_key",
            "AccountKey",
            "jwt",
            "userJwt",
            "clientSecret",
            "client-secret",
            "SECRET",
            "password",
            "newPassword",
            "db.passwd",
            "PWD",
            "Proxy-Authorization",
            "authorizationCode",
            "codeVerifier",
            "Set-Cookie",
            "private_key",
            "connectionString",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "tokenValue",
            "token_value",
            "token1",
            "password2",
            "passwordConfirm",
            "password_new",
            "passwordNew2",
            "accessTokenV2",
            "privateKeyPem",
            "secretText",
            "pass",
            "userPass",
            "db_pass",
            "pw",
            "loginPw",
            "passcode",
            "Passwort",
            "kennwort",
            "otp",
            "cookieJar",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in ["tokens", "apiKeys", "credentials", "user_passwords"] {
            assert!(are_credentials(name) && !is_credential(name), "{name}");
        }
    }

    #[test]
    fn what_is_no_credential_is_not_taken_for_one_by_its_name() {
        for name in [
            "",
            "key",
            "keys",
            "id",
            "scrollToken",
            "messages_scroll_token",
            "nextPageToken",
            "continuation-token",
            "tokenType",
            "tokenCount",
            "passwordChangedAt",
            "secretary",
            "authorizationStatus",
            "apiKeyId",
            "accessKeyId",
            "author",
            "authorizedBy",
            "keyword",
            "monkey",
            "code",
            "signature",
            "sessionId",
            "session",
            "tokenisiert",
            "cookiesAccepted",
            "basic",
            "boardingPass",
            "bypass",
            "compass",
            "passenger",
            "passwordPolicy",
            "passwordHint",
            "tokens_used",
            "maxTokens2026Count",
            "signatureRequired",
            "nextTokenValue",
            "scrollToken2",
            "kpw",
            "value",
            "v2",
            "2",
            "pageToken1",
        ] {
            assert!(!are_credentials(name), "{name}");
        }
    }

    #[test]
    fn a_member_may_name_what_stands_beside_it() {
        for (member, text) in
            [("ident", "accessToken"), ("name", "Password"), ("key", "api_key"), ("fieldId", "jwt")]
        {
            assert!(names_credential(member, text), "{member} {text}");
        }
        for (member, text) in [
            ("ident", "mail"),
            ("text", "password"),
            ("name", "What to do when a customer has forgotten her password"),
        ] {
            assert!(!names_credential(member, text), "{member} {text}");
        }
        assert!(["value", "values", "stringValue", "field_val"].into_iter().all(is_named));
        assert!(!["valued", "text", "evaluation", "interval_ms", "data"].into_iter().any(is_named));
        assert!(["value", "data", "Data"].into_iter().all(is_named_value));
        assert!(!["metadata", "database"].into_iter().any(is_named_value));
    }
}
