//! Genesys Cloud: the login host's token endpoint, conversations with their participants' attributes, and the directory
//! of external contacts.
//!
//! There is no telephone here: every UUID names a conversation that exists, but for those that begin with `00000000`.

mod contacts;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use self::contacts::Contacts;
use crate::credentials::Credentials;
use crate::http::{Answer, Call, Door};
use crate::oauth::{basic_client, scope_beyond, scopes};
use crate::quota::{Meter, Rule, Usage, Verdict};
use crate::simulator::Simulator;
use crate::token::{Denied, Tokens};
use trunkline_load::clock::iso_millis;
use trunkline_load::numbers::Population;

/// The simulated organisation.
pub struct Genesys {
    client_id: String,
    client_secrets: Vec<String>,
    token_seconds: i64,
    tokens: Tokens,
    meter: Option<Meter>,
    /// Attributes by conversation, then participant; a conversation is here once something was written to it.
    conversations: HashMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    contacts: Contacts,
}

/// Scopes that the client may ask for. (That the platform refuses others with this error is unverified.)
const SCOPES: [&str; 10] = [
    "conversations",
    "conversations:readonly",
    "external-contacts",
    "external-contacts:readonly",
    "integration:read",
    "integration:write",
    "routing",
    "routing:queue:edit",
    "user-basic-info",
    "user:read",
];

impl Genesys {
    /// An organisation that knows this client, allows so many calls per client, and has the contacts of these
    /// customers, made at `now_ms` (UTC milliseconds).
    #[must_use]
    pub fn new(
        credentials: &Credentials,
        quota: Option<Rule>,
        token_seconds: i64,
        customers: Population,
        now_ms: i64,
    ) -> Self {
        Self {
            client_id: credentials.genesys_client_id.clone(),
            client_secrets: vec![credentials.genesys_client_secret.clone()],
            token_seconds,
            tokens: Tokens::new(),
            meter: quota.map(Meter::new),
            conversations: HashMap::new(),
            contacts: Contacts::new(customers, now_ms),
        }
    }

    fn token(&mut self, call: &Call, now_ms: i64) -> Answer {
        let refuse = |status, error: &str, description: &str| {
            Answer::json(
                status,
                &json!({"error": error, "description": description, "error_description": description}),
            )
        };
        let Some(client) = basic_client(call) else {
            return refuse(400, "invalid_request", "client credentials missing");
        };
        if client.id != self.client_id || !self.client_secrets.contains(&client.secret) {
            return refuse(401, "invalid_client", "client not found or secret incorrect")
                .asked_by(&client.id);
        }
        if call.form().get("grant_type").map(String::as_str) != Some("client_credentials") {
            return refuse(400, "unsupported_grant_type", "grant_type must be client_credentials")
                .asked_by(&client.id);
        }
        if let Some(scope) = scope_beyond(call, &SCOPES) {
            return refuse(400, "invalid_scope", &format!("scope {scope} is not granted to the client"))
                .asked_by(&client.id);
        }
        let token = self.tokens.issue("", &client.id, Some(now_ms + self.token_seconds * 1000));
        self.tokens.limit(&token, scopes(call));
        let body = json!({"access_token": token, "token_type": "bearer", "expires_in": self.token_seconds});
        Answer::json(200, &body).asked_by(&client.id)
    }

    fn api(&mut self, call: &Call, now_ms: i64, correlation: &str) -> Answer {
        let Some(token) = call.bearer() else {
            let message = "No authentication bearer token specified in authorization header.";
            return error(401, "authentication.required", message, correlation);
        };
        let client = match self.tokens.client(token, now_ms) {
            Ok(client) => client.to_owned(),
            Err(Denied::Unknown) => {
                return error(401, "bad.credentials", "Invalid login credentials.", correlation);
            }
            Err(Denied::Expired) => {
                return error(401, "credentials.expired", "The credentials have expired.", correlation);
            }
        };
        if !self.tokens.is_good_for(token, wanted_scopes(call)) {
            let wanted = wanted_scopes(call).join(", ");
            let message = format!("The token has none of the scopes that this needs: [{wanted}]");
            return error(403, "not.authorized", &message, correlation).asked_by(&client);
        }
        let verdict = self.meter.as_mut().map(|meter| meter.take(&client, now_ms));
        let answer = match verdict {
            Some(verdict) if !verdict.within => too_many(&verdict, correlation),
            _ => self.route(call, now_ms, correlation),
        };
        let answer = match verdict {
            Some(verdict) if answer.status < 300 => rate_headers(answer, &verdict),
            _ => answer,
        };
        answer.asked_by(&client)
    }

    fn route(&mut self, call: &Call, now_ms: i64, correlation: &str) -> Answer {
        let segments = call.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (call.method.as_str(), path.as_slice()) {
            ("GET", ["api", "v2", "conversations", id]) => self.conversation(id, now_ms, correlation),
            (
                "GET" | "PATCH",
                ["api", "v2", "conversations", id, "participants", participant, "attributes"]
                | [
                    "api",
                    "v2",
                    "conversations",
                    "calls" | "callbacks" | "chats" | "emails" | "messages",
                    id,
                    "participants",
                    participant,
                    "attributes",
                ],
            ) => {
                let answer = self.attributes(call, id, participant, correlation);
                answer.about(format!("genesys/participant/{id}/{participant}"))
            }
            ("GET", ["api", "v2", "externalcontacts", "contacts", id]) => self.contact(id, correlation),
            ("GET", ["api", "v2", "externalcontacts", "reversewhitepageslookup"]) => {
                self.contacts_with(call, correlation)
            }
            (
                _,
                ["api", "v2", "conversations", _]
                | ["api", "v2", "conversations", .., "attributes"]
                | ["api", "v2", "externalcontacts", "contacts", _]
                | ["api", "v2", "externalcontacts", "reversewhitepageslookup"],
            ) => {
                error(405, "method.not.allowed", "HTTP method not supported for this resource.", correlation)
            }
            _ => error(404, "not.found", "The requested resource was not found.", correlation),
        }
    }

    fn contact(&self, id: &str, correlation: &str) -> Answer {
        let Ok(id) = Uuid::parse_str(id) else {
            return error(400, "bad.request", "The contact id is not a UUID.", correlation);
        };
        let answer = match self.contacts.get(id) {
            Some(contact) => Answer::json(200, &contact),
            None => error(404, "not.found", "The contact was not found.", correlation),
        };
        answer.about(format!("genesys/contact/{id}"))
    }

    fn contacts_with(&self, call: &Call, correlation: &str) -> Answer {
        match call.parameter("lookupVal").filter(|value| !value.is_empty()) {
            Some(value) => Answer::json(200, &self.contacts.search(value)),
            None => error(400, "bad.request", "The query parameter lookupVal is required.", correlation),
        }
    }

    fn conversation(&self, id: &str, now_ms: i64, correlation: &str) -> Answer {
        if let Some(answer) = missing(id, "conversation", correlation) {
            return answer;
        }
        let known = self.conversations.get(id);
        let participants: Vec<Value> = known
            .into_iter()
            .flatten()
            .map(|(participant, attributes)| {
                json!({
                    "id": participant,
                    "purpose": "customer",
                    "startTime": iso_millis(now_ms),
                    "attributes": attributes,
                    "calls": [],
                })
            })
            .collect();
        let body = json!({
            "id": id,
            "startTime": iso_millis(now_ms),
            "participants": participants,
            "selfUri": format!("/api/v2/conversations/{id}"),
        });
        Answer::json(200, &body).about(format!("genesys/conversation/{id}"))
    }

    fn attributes(&mut self, call: &Call, id: &str, participant: &str, correlation: &str) -> Answer {
        let absent = missing(id, "conversation", correlation)
            .or_else(|| missing(participant, "participant", correlation));
        if let Some(answer) = absent {
            return answer;
        }
        if call.method == "GET" {
            let known = self.conversations.get(id).and_then(|participants| participants.get(participant));
            return Answer::json(200, &json!({"attributes": known.cloned().unwrap_or_default()}));
        }
        if !call.has_content_type("application/json") {
            let message = "The request content type is not supported: use application/json.";
            return error(415, "unsupported.media.type", message, correlation);
        }
        let changes = match attribute_changes(call) {
            Ok(changes) => changes,
            Err((code, message)) => return error(400, code, &message, correlation),
        };
        let known =
            self.conversations.entry(id.to_owned()).or_default().entry(participant.to_owned()).or_default();
        let mut effect = false;
        for (name, value) in changes {
            effect |= known.insert(name, value.clone()) != Some(value);
        }
        let mut answer = Answer::json(200, &json!({"attributes": known}));
        answer.keep_body = true;
        answer.wrote(effect, call.idempotency_key())
    }
}

/// The attributes that a PATCH sets: strings only.
fn attribute_changes(call: &Call) -> Result<BTreeMap<String, String>, (&'static str, String)> {
    let Some(body) = call.json() else {
        return Err(("bad.request", "The request body could not be parsed as JSON.".into()));
    };
    let Some(attributes) = body["attributes"].as_object() else {
        return Err(("bad.request", "The request body has no attributes.".into()));
    };
    attributes
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            _ => Err(("invalid.value", format!("The value of attribute [{name}] is not a string."))),
        })
        .collect()
}

/// The answer for an id that names nothing.
fn missing(id: &str, what: &str, correlation: &str) -> Option<Answer> {
    if Uuid::parse_str(id).is_err() {
        return Some(error(400, "bad.request", &format!("The {what} id is not a UUID."), correlation));
    }
    id.starts_with("00000000")
        .then(|| error(404, "not.found", &format!("The {what} was not found."), correlation))
}

fn error(status: u16, code: &str, message: &str, correlation: &str) -> Answer {
    let body = json!({
        "message": message, "code": code, "status": status, "contextId": correlation, "details": [], "errors": [],
    });
    Answer::json(status, &body)
}

/// The scopes of which a token needs one for a request. (Names are those of the vendor's API explorer; that a token
/// without them is answered 403 with this code is unverified.)
fn wanted_scopes(call: &Call) -> &'static [&'static str] {
    match (call.path().starts_with("/api/v2/externalcontacts/"), call.method.as_str()) {
        (true, "GET") => &["external-contacts", "external-contacts:readonly"],
        (true, _) => &["external-contacts"],
        (false, "GET") => &["conversations", "conversations:readonly"],
        (false, _) => &["conversations"],
    }
}

/// Which permission a request wants.
fn lacking(call: &Call) -> String {
    let permission = match call.path().starts_with("/api/v2/externalcontacts/") {
        true => "externalContacts:contact:view",
        false => "conversation:participant:edit",
    };
    format!(
        "Unable to perform the requested action. You must have at least one of the following permissions assigned: \
         [{permission}]"
    )
}

fn too_many(verdict: &Verdict, correlation: &str) -> Answer {
    let seconds = verdict.reset_seconds();
    let message = format!("Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds");
    error(429, "too.many.requests.retry.after", &message, correlation)
        .header("Retry-After", &seconds.to_string())
}

fn rate_headers(answer: Answer, verdict: &Verdict) -> Answer {
    answer
        .header("inin-ratelimit-count", &verdict.count.to_string())
        .header("inin-ratelimit-allowed", &verdict.allowed.to_string())
        .header("inin-ratelimit-reset", &verdict.reset_seconds().to_string())
}

impl Simulator for Genesys {
    fn answer(&mut self, call: &Call, now_ms: i64) -> Answer {
        let correlation = Uuid::new_v4().to_string();
        let answer = match (call.door, call.method.as_str(), call.path()) {
            (Door::Login, "POST", "/oauth/token") => self.token(call, now_ms),
            (Door::Login, ..) => {
                error(404, "not.found", "The requested resource was not found.", &correlation)
            }
            (Door::Api, ..) => self.api(call, now_ms, &correlation),
        };
        answer.header("ININ-Correlation-Id", &correlation)
    }

    fn broken(&mut self, call: &Call, status: u16) -> Answer {
        let correlation = Uuid::new_v4().to_string();
        let answer = match status {
            503 => error(503, "service.unavailable", "Service Unavailable.", &correlation),
            403 => error(403, "missing.any.permissions", &lacking(call), &correlation),
            _ => error(
                status,
                "internal.server.error",
                "The server encountered an unexpected condition.",
                &correlation,
            ),
        };
        answer.header("ININ-Correlation-Id", &correlation)
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
        self.tokens.issued().to_vec()
    }
}
