//! NICE CXone: tokens by access key, discovery, and the smallest API that a write-back needs.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::credentials::Credentials;
use crate::http::{Answer, Call, Door};
use crate::oauth::basic_client;
use crate::quota::{Meter, Rule, Usage};
use crate::simulator::Simulator;
use crate::token::Tokens;
use trunkline_load::generator::CXONE_TENANT;

/// Updates of one contact: a burst of 250, refilled by 17 a minute.
const CONTACT_BURST: f64 = 250.0;
const CONTACT_REFILL_PER_MS: f64 = 17.0 / 60_000.0;

/// The simulated tenant.
pub struct Cxone {
    client_id: String,
    client_secrets: Vec<String>,
    access_key_id: String,
    access_key_secret: String,
    token_seconds: i64,
    /// Where discovery says the hosts are.
    auth_url: String,
    api_url: String,
    tokens: Tokens,
    refresh_tokens: Tokens,
    meter: Option<Meter>,
    contacts: HashMap<String, Contact>,
}

/// What is known of one contact, and how often it may still be updated.
struct Contact {
    business_data: BTreeMap<String, String>,
    updates_left: f64,
    refilled_at: i64,
}

impl Cxone {
    /// A tenant that knows this client and this access key, and whose hosts are at these base URLs.
    #[must_use]
    pub fn new(
        credentials: &Credentials,
        quota: Option<Rule>,
        token_seconds: i64,
        auth_url: String,
        api_url: String,
    ) -> Self {
        Self {
            client_id: credentials.cxone_client_id.clone(),
            client_secrets: vec![credentials.cxone_client_secret.clone()],
            access_key_id: credentials.cxone_access_key_id.clone(),
            access_key_secret: credentials.cxone_access_key_secret.clone(),
            token_seconds,
            auth_url,
            api_url,
            tokens: Tokens::new(),
            refresh_tokens: Tokens::new(),
            meter: quota.map(Meter::new),
            contacts: HashMap::new(),
        }
    }

    fn auth(&mut self, call: &Call, now_ms: i64) -> Answer {
        match (call.method.as_str(), call.path()) {
            ("POST", "/auth/token") => self.token(call, now_ms),
            ("GET", "/.well-known/openid-configuration") => Answer::json(200, &self.openid_configuration()),
            ("GET", "/.well-known/cxone-configuration") => match call.parameter("tenantId") {
                Some(CXONE_TENANT) => Answer::json(200, &self.cxone_configuration()),
                _ => failure(404, "NotFound", "Tenant not found"),
            },
            ("GET", "/auth/jwks") => Answer::json(200, &json!({"keys": []})),
            _ => failure(404, "NotFound", "Resource not found"),
        }
    }

    fn openid_configuration(&self) -> Value {
        json!({
            "issuer": self.auth_url,
            "authorization_endpoint": format!("{}/auth/authorize", self.auth_url),
            "token_endpoint": format!("{}/auth/token", self.auth_url),
            "userinfo_endpoint": format!("{}/auth/userinfo", self.auth_url),
            "jwks_uri": format!("{}/auth/jwks", self.auth_url),
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    fn cxone_configuration(&self) -> Value {
        json!({
            "private": false,
            "ui_endpoint": self.auth_url,
            "auth_endpoint": self.auth_url,
            "api_endpoint": self.api_url,
            "area": "na1",
            "cluster": "c1",
            "domain": "niceincontact.com",
            "acdDomain": "nice-incontact.com",
            "uhDomain": "nice-incontact.com",
            "tenantId": CXONE_TENANT,
            "globaldomain": "niceincontact.com",
        })
    }

    fn token(&mut self, call: &Call, now_ms: i64) -> Answer {
        let Some(client) = basic_client(call) else {
            return failure(401, "invalid_client", "Client authentication failed");
        };
        if client.id != self.client_id || !self.client_secrets.contains(&client.secret) {
            return failure(401, "invalid_client", "Client authentication failed").asked_by(&client.id);
        }
        let form = call.form();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let proven = match field("grant_type") {
            "password" => {
                field("username") == self.access_key_id && field("password") == self.access_key_secret
            }
            "refresh_token" => self.refresh_tokens.client(field("refresh_token"), now_ms).is_ok(),
            _ => {
                return failure(400, "unsupported_grant_type", "Grant type is not supported")
                    .asked_by(&client.id);
            }
        };
        if !proven {
            return failure(400, "invalid_grant", "Invalid access key or refresh token").asked_by(&client.id);
        }
        let expires_at = now_ms + self.token_seconds * 1000;
        let access_token = self.signed(now_ms, expires_at);
        self.tokens.admit(access_token.clone(), &self.access_key_id, Some(expires_at));
        let id_token = self.signed(now_ms, expires_at);
        self.tokens.admit(id_token.clone(), &self.access_key_id, Some(expires_at));
        let refresh_token = self.refresh_tokens.issue("", &self.access_key_id, Some(expires_at + 86_400_000));
        let body = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "refresh_token": refresh_token,
            "expires_in": self.token_seconds,
            "id_token": id_token,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        });
        Answer::json(200, &body).asked_by(&client.id)
    }

    /// A token of the form of a JSON Web Token; its signature is random, since nobody here verifies it.
    fn signed(&mut self, now_ms: i64, expires_at: i64) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"alg": "RS256", "typ": "JWT"}));
        let claims = part(json!({
            "iss": self.auth_url, "sub": self.access_key_id, "tenantId": CXONE_TENANT, "area": "na1",
            "iat": now_ms / 1000, "exp": expires_at / 1000,
        }));
        format!("{header}.{claims}.{}", self.tokens.random_text())
    }

    fn api(&mut self, call: &Call, now_ms: i64) -> Answer {
        let client = match call.bearer().map(|token| self.tokens.client(token, now_ms)) {
            Some(Ok(client)) => client.to_owned(),
            _ => return status_only(401, "Unauthorized: the token is missing, invalid or expired"),
        };
        if let Some(meter) = &mut self.meter {
            let verdict = meter.take(&client, now_ms);
            if !verdict.within {
                return too_many(verdict.reset_seconds()).asked_by(&client);
            }
        }
        self.route(call, now_ms).asked_by(&client)
    }

    fn route(&mut self, call: &Call, now_ms: i64) -> Answer {
        // The platform's paths are written in any case.
        let path = call.path().to_ascii_lowercase();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (call.method.as_str(), segments.as_slice()) {
            ("PUT", ["business-data-manager", "v1", "business-data", "contact", id]) => {
                self.write_business_data(call, id, now_ms).about(format!("cxone/contact/{id}"))
            }
            ("GET", ["dfo", "3.0", "contacts", id, "detail"]) => {
                let known = self.contacts.get(*id).map(|contact| &contact.business_data);
                let fields: Vec<Value> = known
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| json!({"ident": name, "value": value}))
                    .collect();
                let body = json!({"id": id, "status": "open", "customFields": fields});
                Answer::json(200, &body).about(format!("cxone/contact/{id}"))
            }
            ("GET", ["incontactapi", "services", version, "business-unit"]) if version.starts_with('v') => {
                let body = json!({"businessUnits": [{"businessUnitId": "4597607", "businessUnitName": "Trunkline"}]});
                Answer::json(200, &body)
            }
            _ => status_only(404, "Not Found"),
        }
    }

    fn write_business_data(&mut self, call: &Call, id: &str, now_ms: i64) -> Answer {
        let Some(fields) = business_data(call) else {
            return status_only(400, "Bad Request: the body must be an array of objects of strings");
        };
        let contact = self.contacts.entry(id.to_owned()).or_insert_with(|| Contact {
            business_data: BTreeMap::new(),
            updates_left: CONTACT_BURST,
            refilled_at: now_ms,
        });
        let refill = (now_ms - contact.refilled_at).max(0) as f64 * CONTACT_REFILL_PER_MS;
        contact.updates_left = (contact.updates_left + refill).min(CONTACT_BURST);
        contact.refilled_at = now_ms;
        if contact.updates_left < 1.0 {
            let wait_ms = (1.0 - contact.updates_left) / CONTACT_REFILL_PER_MS;
            return too_many((wait_ms / 1000.0).ceil() as i64);
        }
        contact.updates_left -= 1.0;
        let mut effect = false;
        for (name, value) in fields {
            effect |= contact.business_data.insert(name, value.clone()) != Some(value);
        }
        let mut answer = Answer::empty(204);
        answer.keep_body = true;
        answer.wrote(effect, call.idempotency_key())
    }
}

/// `[{name: value}, …]`, strings only.
fn business_data(call: &Call) -> Option<BTreeMap<String, String>> {
    let Some(Value::Array(items)) = call.json() else { return None };
    let mut fields = BTreeMap::new();
    for item in items {
        for (name, value) in item.as_object()? {
            fields.insert(name.clone(), value.as_str()?.to_owned());
        }
    }
    Some(fields)
}

fn failure(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "errorDescription": description}))
}

/// The API host explains itself in a header, not in the body.
fn status_only(status: u16, description: &str) -> Answer {
    Answer::empty(status).header("icStatusDescription", description)
}

fn too_many(seconds: i64) -> Answer {
    status_only(429, "Too Many Requests").header("Retry-After", &seconds.max(1).to_string())
}

impl Simulator for Cxone {
    fn answer(&mut self, call: &Call, now_ms: i64) -> Answer {
        match call.door {
            Door::Login => self.auth(call, now_ms),
            Door::Api => self.api(call, now_ms),
        }
    }

    fn broken(&mut self, _call: &Call, status: u16) -> Answer {
        let description = match status {
            503 => "Service Unavailable",
            // The header is the contracts', the word is from memory.
            403 => "Forbidden",
            _ => "Internal Server Error",
        };
        status_only(status, description)
    }

    fn accept_secrets(&mut self, secrets: Vec<String>) {
        self.client_secrets = secrets;
    }

    fn revoke_tokens(&mut self) {
        self.tokens.revoke_all();
    }

    fn limit(&mut self, calls: Option<u32>) {
        if let Some(meter) = &mut self.meter {
            meter.limit(calls);
        }
    }

    fn quota(&self, now_ms: i64) -> Vec<Usage> {
        self.meter.as_ref().map(|meter| meter.usage(now_ms)).unwrap_or_default()
    }

    fn issued(&self) -> Vec<String> {
        self.tokens.issued().iter().chain(self.refresh_tokens.issued()).cloned().collect()
    }
}
