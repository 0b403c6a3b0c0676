//! The connected app: who may have tokens, by its secret or by assertions of its certificate's key, and what the
//! platform says of wrong ones.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::json;

use crate::credentials::Credentials;
use crate::http::{Answer, Call};
use crate::oauth::basic_or_form_client;
use crate::rsa_key;

/// An assertion may end so many seconds from now at the latest.
const LATEST_END: i64 = 300;

/// What the organisation knows of its client.
pub(super) struct ConnectedApp {
    pub(super) client_id: String,
    pub(super) client_secrets: Vec<String>,
    /// The user whom assertions may be about.
    username: String,
    certificate: Option<DecodingKey>,
    /// Servers that an assertion may be meant for: that of production, and My Domain.
    audiences: [String; 2],
}

/// A refusal in the words of OAuth 2.0.
pub(super) struct Refused {
    error: &'static str,
    description: &'static str,
    client: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
}

impl ConnectedApp {
    pub(super) fn of(credentials: &Credentials, instance_url: &str) -> Self {
        Self {
            client_id: credentials.salesforce_client_id.clone(),
            client_secrets: vec![credentials.salesforce_client_secret.clone()],
            username: credentials.salesforce_username.clone(),
            certificate: rsa_key::verifying(&credentials.salesforce_private_key),
            audiences: ["https://login.salesforce.com".to_owned(), instance_url.to_owned()],
        }
    }

    /// Whether a token request at this time, in Unix seconds, is the app's; the refusal where it is not.
    pub(super) fn proven(&self, call: &Call, now: i64) -> Result<(), Refused> {
        let form = call.form();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if field("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            return self.asserted(field("assertion"), now);
        }
        let client_id = self.known(call)?;
        if field("grant_type") != "client_credentials" {
            return Err(refusal("unsupported_grant_type", "grant type not supported").by(&client_id));
        }
        Ok(())
    }

    /// The id of the client that shows itself with its secret, where it is the app.
    pub(super) fn known(&self, call: &Call) -> Result<String, Refused> {
        let unknown = || refusal("invalid_client_id", "client identifier invalid");
        let client = basic_or_form_client(call).ok_or_else(unknown)?;
        if client.id != self.client_id {
            return Err(unknown().by(&client.id));
        }
        if !self.client_secrets.contains(&client.secret) {
            return Err(refusal("invalid_client", "invalid client credentials").by(&client.id));
        }
        Ok(client.id)
    }

    fn asserted(&self, assertion: &str, now: i64) -> Result<(), Refused> {
        let mut validation = Validation::new(Algorithm::RS256);
        // Both are looked at below, by the simulated clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let invalid = |description| refusal("invalid_grant", description);
        let key = self.certificate.as_ref().ok_or_else(|| invalid("invalid assertion"))?;
        let claims = jsonwebtoken::decode::<Claims>(assertion, key, &validation)
            .map_err(|_| invalid("invalid assertion"))?
            .claims;
        let refused = match () {
            () if claims.iss != self.client_id => refusal("invalid_client_id", "client identifier invalid"),
            () if !self.audiences.contains(&claims.aud) => invalid("audience is invalid"),
            // What the platform says of an end that is too far away is unverified.
            () if claims.exp <= now || claims.exp > now + LATEST_END => invalid("expired authorization code"),
            () if claims.sub != self.username => invalid("user hasn't approved this consumer"),
            () => return Ok(()),
        };
        Err(refused.by(&claims.iss))
    }
}

fn refusal(error: &'static str, description: &'static str) -> Refused {
    Refused { error, description, client: None }
}

impl Refused {
    /// The same refusal, of that client.
    fn by(self, client_id: &str) -> Self {
        Self { client: Some(client_id.to_owned()), ..self }
    }

    pub(super) fn answer(self) -> Answer {
        let answer = Answer::json(400, &json!({"error": self.error, "error_description": self.description}));
        match self.client {
            Some(client_id) => answer.asked_by(&client_id),
            None => answer,
        }
    }
}
