//! What the answers of Vault hold.
//!
//! Pure: functions of the input.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use trunkline_config::{Secret, without_line_break};

/// A secret as it is stored: values by key.
#[derive(Debug)]
pub(crate) struct Entry {
    values: BTreeMap<String, Option<Secret>>,
    /// How long it is good for, where Vault says so. A key/value store says nothing.
    pub(crate) lease: Option<Duration>,
}

/// A login.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(super) token: Secret,
    /// How long it lives; `None` for ever.
    pub(super) life: Option<Duration>,
    pub(super) renewable: bool,
}

// === impl Entry ===

impl Entry {
    /// Reads an answer of `GET /v1/MOUNT/data/PATH`.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let data = body.get("data")?.get("data")?.as_object()?;
        let text = |value: &Value| value.as_str().map(|text| without_line_break(text.to_owned()).into());
        let values = data.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        Some(Self { values, lease: seconds(&body, "lease_duration") })
    }

    /// The value of a key.
    ///
    /// # Errors
    /// Why there is none, as the end of a sentence about the secret.
    pub(crate) fn value(&self, key: &str) -> Result<Secret, String> {
        match self.values.get(key) {
            Some(Some(value)) => Ok(value.clone()),
            Some(None) => Err("has a value there that is no string".to_owned()),
            None => Err("is not there: the secret has no such key".to_owned()),
        }
    }
}

// === impl Grant ===

impl Grant {
    /// Reads an answer to a login or a renewal.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let auth = body.get("auth")?;
        let token = auth.get("client_token")?.as_str().filter(|token| !token.is_empty())?;
        Some(Self {
            token: Secret::from(token),
            life: seconds(auth, "lease_duration"),
            renewable: is_true(auth, "renewable"),
        })
    }

    /// Reads an answer of `GET /v1/auth/token/lookup-self` about this token.
    pub(super) fn of_token(token: Secret, body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let data = body.get("data")?;
        let ttl = Duration::from_secs(data.get("ttl")?.as_u64()?);
        // Of a token without an end it is 0 as well as of one in its last second.
        let ends = data.get("expire_time").is_some_and(Value::is_string);
        let life = (ends || !ttl.is_zero()).then_some(ttl);
        Some(Self { token, life, renewable: is_true(data, "renewable") })
    }
}

/// A number of seconds; 0 stands for no limit.
fn seconds(within: &Value, name: &str) -> Option<Duration> {
    within.get(name).and_then(Value::as_u64).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

fn is_true(within: &Value, name: &str) -> bool {
    within.get(name).and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use trunkline_config::ExposeSecret;

    use super::*;

    #[test]
    fn an_entry_has_a_value_for_each_of_its_keys() {
        let entry = Entry::read(
            br#"{"request_id":"r","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{"password":
                "hunter2\n","port":443},"metadata":{"created_time":"2026-01-01T00:00:00Z","version":3}}}"#,
        )
        .unwrap();
        assert_eq!(entry.value("password").unwrap().expose_secret(), "hunter2");
        assert_eq!(entry.value("port").unwrap_err(), "has a value there that is no string");
        assert_eq!(entry.value("user").unwrap_err(), "is not there: the secret has no such key");
        assert_eq!(entry.lease, None);
        assert!(!format!("{entry:?}").contains("hunter2"));
        for body in
            [r#"{"data":{"data":null,"metadata":{}}}"#, r#"{"data":{"password":"x"}}"#, "<html>", "[]"]
        {
            assert!(Entry::read(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_grant_has_its_life_and_whether_it_can_be_renewed() {
        for (body, expected) in [
            (
                r#"{"auth":{"client_token":"t","lease_duration":3600,"renewable":true}}"#,
                Some((Some(3_600), true)),
            ),
            (r#"{"auth":{"client_token":"t","lease_duration":0,"renewable":false}}"#, Some((None, false))),
            (r#"{"auth":{"client_token":"","lease_duration":1}}"#, None),
            (r#"{"auth":null}"#, None),
        ] {
            let grant = Grant::read(body.as_bytes());
            let found = grant.as_ref().map(|grant| (grant.life.map(|life| life.as_secs()), grant.renewable));
            assert_eq!(found, expected, "{body}");
        }
        let looked_up = |body: &str| Grant::of_token("t".into(), body.as_bytes());
        assert_eq!(looked_up(r#"{"data":{"ttl":0,"expire_time":null}}"#).unwrap().life, None);
        let last = r#"{"data":{"ttl":0,"expire_time":"2026-01-01T00:00:00Z"}}"#;
        assert_eq!(looked_up(last).unwrap().life, Some(Duration::ZERO));
        let grant = looked_up(r#"{"data":{"ttl":60,"renewable":true}}"#).unwrap();
        assert_eq!((grant.life, grant.renewable), (Some(Duration::from_secs(60)), true));
        assert!(looked_up(r#"{"errors":[]}"#).is_none());
        assert!(!format!("{grant:?}").contains("\"t\""));
    }
}
