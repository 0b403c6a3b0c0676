//! Which names say that what they name is a credential, however they are written: `Access-Token`,
//! `accessToken` and `ACCESS_TOKEN` are one name, since only letters and digits count, in any case.

/// How names of credentials end: `sessionToken`, `X-Api-Key`, `db.password`.
const CREDENTIALS: [&str; 29] = [
    "token",
    "jwt",
    "bearer",
    "password",
    "passwd",
    "pwd",
    "passphrase",
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
    "credential",
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
const DESCRIPTIONS: [&str; 8] =
    ["type", "scope", "scopes", "expiresin", "expiresat", "expiry", "createdat", "issuedat"];

/// Parameters by which an address lets everybody in who has it: those of Amazon S3 and CloudFront, Google
/// Cloud Storage and Azure (SAS), and sessions of servlets and PHP.
const SIGNATURES: [&str; 6] =
    ["xamzsignature", "xgoogsignature", "signature", "sig", "jsessionid", "phpsessid"];

/// How a member ends that holds the name of what stands beside it: `{"ident": "accessToken", "value": …}`.
const NAMING: [&str; 8] = ["ident", "name", "key", "id", "label", "field", "type", "attribute"];

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

/// Whether texts of this name, or in a list of this name, are credentials: `tokens` is a number of them as
/// often.
pub fn are_credentials(name: &str) -> bool {
    let plain = Plain::of(name);
    plain.is_credential()
        || plain.bytes().split_last().is_some_and(|(last, one)| *last == b's' && ends_in(one))
}

/// Whether a member of this name beside a credential only tells of it.
pub fn describes(name: &str) -> bool {
    Plain::of(name).ends(&DESCRIPTIONS)
}

/// Whether whoever has an address with a parameter of this name is let in.
pub fn lets_in(parameter: &str) -> bool {
    let plain = Plain::of(parameter);
    plain.is_credential() || SIGNATURES.iter().any(|known| known.as_bytes() == plain.bytes())
}

/// Whether the member of this name, whose text is `text`, says that the value beside it is a credential.
pub fn names_credential(member: &str, text: &str) -> bool {
    text.len() <= NAME_MAX && Plain::of(member).ends(&NAMING) && are_credentials(text)
}

/// Whether a member of this name may be what another one names.
pub fn is_named(member: &str) -> bool {
    Plain::of(member).ends(&NAMED)
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

    fn is_credential(&self) -> bool {
        ends_in(self.bytes())
    }
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
        assert!(!["valued", "text", "evaluation", "interval_ms"].into_iter().any(is_named));
    }
}
