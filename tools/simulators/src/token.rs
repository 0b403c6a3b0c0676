//! Access tokens: given out, checked, expired, revoked.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The tokens of one system.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Not seeded from the sandbox's seed: a token must not be guessable from it.
    random: StdRng,
    valid: HashMap<String, Grant>,
    issued: Vec<String>,
}

#[derive(Debug)]
struct Grant {
    client: String,
    /// UTC milliseconds; `None` for as long as nobody revokes it.
    expires_at: Option<i64>,
    /// What it was asked for; nothing where it is good for all that the client may do.
    scopes: Vec<String>,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Never given out, or revoked.
    Unknown,
    /// Its time is over.
    Expired,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self { random: StdRng::from_rng(&mut rand::rng()), valid: HashMap::new(), issued: Vec::new() }
    }

    /// A new random text of 64 hexadecimal digits.
    pub(crate) fn random_text(&mut self) -> String {
        hex::encode(self.random.random::<[u8; 32]>())
    }

    /// Gives out a token with this text in front; it is valid until `expires_at`.
    pub(crate) fn issue(&mut self, prefix: &str, client: &str, expires_at: Option<i64>) -> String {
        let token = format!("{prefix}{}", self.random_text());
        self.admit(token.clone(), client, expires_at);
        token
    }

    /// Makes a token valid that was put together elsewhere.
    pub(crate) fn admit(&mut self, token: String, client: &str, expires_at: Option<i64>) {
        self.issued.push(token.clone());
        self.valid.insert(token, Grant { client: client.to_owned(), expires_at, scopes: Vec::new() });
    }

    /// Makes a token good for these scopes only; for everything where there are none.
    pub(crate) fn limit(&mut self, token: &str, scopes: Vec<String>) {
        if let Some(grant) = self.valid.get_mut(token) {
            grant.scopes = scopes;
        }
    }

    /// Whether a token is good for one of these scopes.
    pub(crate) fn is_good_for(&self, token: &str, scopes: &[&str]) -> bool {
        let has = |grant: &Grant| {
            grant.scopes.is_empty() || grant.scopes.iter().any(|scope| scopes.contains(&scope.as_str()))
        };
        self.valid.get(token).is_some_and(has)
    }

    /// The client that a token was given to.
    pub(crate) fn client(&self, token: &str, now_ms: i64) -> Result<&str, Denied> {
        let grant = self.valid.get(token).ok_or(Denied::Unknown)?;
        if grant.expires_at.is_some_and(|expires_at| expires_at <= now_ms) {
            return Err(Denied::Expired);
        }
        Ok(&grant.client)
    }

    pub(crate) fn revoke_all(&mut self) {
        self.valid.clear();
    }

    pub(crate) fn issued(&self) -> &[String] {
        &self.issued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_until_it_expires_or_is_revoked() {
        let mut tokens = Tokens::new();
        let short = tokens.issue("t-", "client", Some(1000));
        let long = tokens.issue("t-", "client", None);
        assert_eq!(tokens.client(&short, 999), Ok("client"));
        assert_eq!(tokens.client(&short, 1000), Err(Denied::Expired));
        assert_eq!(tokens.client("t-other", 0), Err(Denied::Unknown));
        assert!(tokens.is_good_for(&long, &["any"]), "asked for nothing in particular");
        tokens.limit(&long, vec!["one".into(), "two".into()]);
        assert!(tokens.is_good_for(&long, &["two", "three"]) && !tokens.is_good_for(&long, &["three"]));
        tokens.revoke_all();
        assert_eq!(tokens.client(&long, 0), Err(Denied::Unknown));
        assert_eq!(tokens.issued().len(), 2);
    }
}
