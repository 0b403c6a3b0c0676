//! Salesforce: the token endpoint, queries, and single records by id or external id.

mod connected_app;
mod model;
mod refusals;
mod soql;
mod store;

use serde_json::{Map, Value, json};

use crate::credentials::Credentials;
use crate::http::{Answer, Call};
use crate::own_fields::OwnField;
use crate::percent;
use crate::quota::{Meter, Rule, Usage};
use crate::simulator::Simulator;
use crate::token::Tokens;
use connected_app::ConnectedApp;
use refusals::{Refusal, failure, refused, unknown_resource, unreadable};
use store::{Record, Store, Written};
use trunkline_load::clock::format;

/// The simulated organisation.
pub struct Salesforce {
    app: ConnectedApp,
    token_seconds: i64,
    /// `instance_url` of every token.
    instance_url: String,
    tokens: Tokens,
    meter: Option<Meter>,
    store: Store,
}

/// Versions of the API that answer; every one of them the same here.
const VERSIONS: std::ops::RangeInclusive<u32> = 31..=66;
const ORG_ID: &str = "00D5g00000TrunkEAC";
/// The daily allocation that is reported when no quota is enforced.
const UNLIMITED: u32 = 15_000_000;

impl Salesforce {
    /// An organisation with fields of its own and with the customers as accounts, reachable at `instance_url`;
    /// `now_ms` dates them.
    #[must_use]
    pub fn new(
        credentials: &Credentials,
        quota: Option<Rule>,
        token_seconds: i64,
        instance_url: String,
        own: &[OwnField],
        customers: u32,
        now_ms: i64,
    ) -> Self {
        Self {
            app: ConnectedApp::of(credentials, &instance_url),
            token_seconds,
            instance_url,
            tokens: Tokens::new(),
            meter: quota.map(Meter::new),
            store: Store::with_accounts(own, customers, now_ms),
        }
    }

    fn token(&mut self, call: &Call, now_ms: i64) -> Answer {
        if let Err(refused) = self.app.proven(call, now_ms / 1000) {
            return refused.answer();
        }
        let client_id = self.app.client_id.clone();
        let token = self.tokens.issue(
            &format!("{}!", &ORG_ID[..15]),
            &client_id,
            Some(now_ms + self.token_seconds * 1000),
        );
        // No `expires_in`: the platform keeps a session's end to itself.
        let body = json!({
            "access_token": token,
            "instance_url": self.instance_url,
            "id": format!("{}/id/{ORG_ID}/0055g00000TrunkAAA", self.instance_url),
            "issued_at": now_ms.to_string(),
            "signature": self.tokens.random_text(),
            "token_type": "Bearer",
            "scope": "api",
        });
        Answer::json(200, &body).asked_by(&client_id)
    }

    /// Whether a token is still good (RFC 7662); the app itself may ask.
    fn introspect(&self, call: &Call, now_ms: i64) -> Answer {
        if let Err(refused) = self.app.known(call) {
            return refused.answer();
        }
        let form = call.form();
        let token = form.get("token").map_or("", String::as_str);
        let body = match self.tokens.client(token, now_ms) {
            Ok(client) => {
                json!({"active": true, "scope": "api", "client_id": client, "token_type": "access_token"})
            }
            Err(_) => json!({"active": false}),
        };
        Answer::json(200, &body).asked_by(&self.app.client_id)
    }

    fn api(&mut self, call: &Call, now_ms: i64) -> Answer {
        let client = match call.bearer().map(|token| self.tokens.client(token, now_ms)) {
            Some(Ok(client)) => client.to_owned(),
            _ => return failure(401, "INVALID_SESSION_ID", "Session expired or invalid", &[]),
        };
        let (answer, usage) = match &mut self.meter {
            None => (self.route(call, now_ms), (0, UNLIMITED)),
            Some(meter) => {
                let verdict = meter.take(&client, now_ms);
                let usage = (verdict.count, verdict.allowed);
                match verdict.within {
                    true => (self.route(call, now_ms), usage),
                    false => {
                        (failure(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", &[]), usage)
                    }
                }
            }
        };
        answer.header("Sforce-Limit-Info", &format!("api-usage={}/{}", usage.0, usage.1)).asked_by(&client)
    }

    fn route(&mut self, call: &Call, now_ms: i64) -> Answer {
        let segments = call.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["services", "data", version, rest @ ..] = path.as_slice() else { return unknown_resource() };
        if !is_served(version) {
            return unknown_resource();
        }
        match (call.method.as_str(), rest) {
            ("GET", ["query"]) => self.query(call, version),
            ("GET", ["limits"]) => {
                let remaining = json!({"Max": UNLIMITED, "Remaining": UNLIMITED});
                Answer::json(200, &json!({"DailyApiRequests": remaining}))
            }
            ("GET", ["sobjects", object, "describe"]) => match self.store.model.describe(object) {
                Ok(description) => Answer::json(200, &description).about(format!("salesforce/{object}")),
                Err(refusal) => refused(&refusal),
            },
            ("POST", ["sobjects", object]) => self.create(call, object, now_ms),
            ("GET", ["sobjects", object, id]) => self.get(call, version, object, "Id", id),
            ("GET", ["sobjects", object, field, id]) => self.get(call, version, object, field, id),
            ("PATCH", ["sobjects", object, id]) => self.write(call, version, object, "Id", id, now_ms),
            ("PATCH", ["sobjects", object, field, id]) => {
                self.write(call, version, object, field, id, now_ms)
            }
            ("DELETE", ["sobjects", object, id]) => match self.store.delete(object, id) {
                Ok(()) => Answer::empty(204).about(resource(object, "Id", id)).wrote(true, None),
                Err(refusal) => refused(&refusal),
            },
            _ => unknown_resource(),
        }
    }

    fn query(&self, call: &Call, version: &str) -> Answer {
        let text = call.parameter("q").unwrap_or_default();
        let query = match soql::parse(text) {
            Ok(query) => query,
            Err(message) => return failure(400, "MALFORMED_QUERY", &message, &[]),
        };
        let records = match self.store.query(&query) {
            Ok(records) => records,
            Err(refusal) => return refused(&refusal),
        };
        if query.count {
            return Answer::json(200, &json!({"totalSize": records.len(), "done": true, "records": []}));
        }
        let shown: Vec<Value> =
            records.iter().map(|record| shown(record, version, &query.object, Some(&query.fields))).collect();
        let body = json!({"totalSize": shown.len(), "done": true, "records": shown});
        Answer::json(200, &body).about(format!("salesforce/{}", query.object))
    }

    fn get(&self, call: &Call, version: &str, object: &str, field: &str, id: &str) -> Answer {
        let found = match self.store.find(object, field, id) {
            Ok(found) => found,
            Err(refusal) => return refused(&refusal).about(resource(object, field, id)),
        };
        let answer = match found.as_slice() {
            [] => refused(&Refusal::NotFound { field: field.to_owned(), value: id.to_owned() }),
            [record] => {
                if let Some(since) = http_date(call.header("if-modified-since"))
                    && record.modified_ms / 1000 * 1000 <= since
                {
                    return Answer::empty(304).about(resource(object, field, id));
                }
                let fields = call
                    .parameter("fields")
                    .map(|fields| fields.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>());
                let mut shown = shown(record, version, object, fields.as_deref());
                if let Value::Object(shown) = &mut shown {
                    shown.retain(|name, _| name == "attributes" || self.store.model.has_field(object, name));
                }
                let answer = Answer::json(200, &shown)
                    .header("Last-Modified", &format(record.modified_ms, "%a, %d %b %Y %H:%M:%S GMT"));
                match object {
                    "Account" => answer.header("ETag", &record.etag()),
                    _ => answer,
                }
            }
            several => ambiguous(several, version, object),
        };
        answer.about(resource(object, field, id))
    }

    fn create(&mut self, call: &Call, object: &str, now_ms: i64) -> Answer {
        let Some(Value::Object(fields)) = call.json() else { return unreadable() };
        match self.store.insert(object, fields, now_ms) {
            Ok(id) => {
                let mut answer = created(&id).about(resource(object, "Id", &id));
                answer.keep_body = true;
                answer.wrote(true, call.idempotency_key())
            }
            Err(refusal) => refused(&refusal),
        }
    }

    /// Updates by id, or upserts by external id.
    fn write(
        &mut self,
        call: &Call,
        version: &str,
        object: &str,
        field: &str,
        id: &str,
        now_ms: i64,
    ) -> Answer {
        let key = call.idempotency_key().or_else(|| (field != "Id").then(|| id.to_owned()));
        let Some(Value::Object(fields)) = call.json() else {
            return unreadable().about(resource(object, field, id));
        };
        let mut answer = match self.write_checked(call, object, field, id, fields, now_ms) {
            Ok(Written::Created { id }) => created(&id).wrote(true, key),
            Ok(Written::Updated { changed }) => Answer::empty(204).wrote(changed, key),
            Ok(Written::Ambiguous { ids }) => {
                let urls: Vec<String> =
                    ids.iter().map(|id| format!("/services/data/{version}/sobjects/{object}/{id}")).collect();
                Answer::json(300, &json!(urls)).wrote(false, key)
            }
            Err(answer) => answer.wrote(false, key),
        };
        answer.keep_body = true;
        answer.about(resource(object, field, id))
    }

    fn write_checked(
        &mut self,
        call: &Call,
        object: &str,
        field: &str,
        id: &str,
        fields: Map<String, Value>,
        now_ms: i64,
    ) -> Result<Written, Box<Answer>> {
        let found = self.store.find(object, field, id).map_err(|refusal| Box::new(refused(&refusal)))?;
        if let [record] = found.as_slice() {
            precondition(call, object, record)?;
        }
        self.store.upsert(object, field, id, fields, now_ms).map_err(|refusal| Box::new(refused(&refusal)))
    }
}

/// Whether a version, such as `v60.0`, answers.
fn is_served(version: &str) -> bool {
    let number = version.strip_prefix('v').and_then(|version| version.strip_suffix(".0"));
    number.and_then(|number| number.parse().ok()).is_some_and(|number| VERSIONS.contains(&number))
}

/// `If-Match` counts for accounts only and elsewhere is ignored; `If-Unmodified-Since` counts everywhere, by
/// the second.
fn precondition(call: &Call, object: &str, record: &Record) -> Result<(), Box<Answer>> {
    let failed = || Box::new(failure(412, "PRECONDITION_FAILED", "The record has been modified", &[]));
    if let Some(wanted) = call.header("if-match").filter(|_| object == "Account") {
        if !wanted.starts_with('"') && wanted != "*" {
            return Err(Box::new(failure(400, "INVALID_HEADER", "Invalid value for header If-Match", &[])));
        }
        if wanted != "*" && wanted != record.etag() {
            return Err(failed());
        }
    }
    match http_date(call.header("if-unmodified-since")) {
        Some(since) if record.modified_ms / 1000 * 1000 > since => Err(failed()),
        _ => Ok(()),
    }
}

/// Milliseconds of an HTTP date.
fn http_date(text: Option<&str>) -> Option<i64> {
    let date = chrono::NaiveDateTime::parse_from_str(text?, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    Some(date.and_utc().timestamp_millis())
}

fn shown(record: &Record, version: &str, object: &str, fields: Option<&[String]>) -> Value {
    let url = format!("/services/data/{version}/sobjects/{object}/{}", record.id());
    let mut body = Map::new();
    body.insert("attributes".into(), json!({"type": object, "url": url}));
    match fields {
        Some(fields) => {
            for name in fields {
                show_field(&mut body, name, record.value(name).cloned().unwrap_or(Value::Null));
            }
        }
        None => body.extend(record.fields.iter().map(|(name, value)| (name.clone(), value.clone()))),
    }
    Value::Object(body)
}

/// Puts a field into a record; that of a related record into an object of the relation's name.
fn show_field(body: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((relation, rest)) = path.split_once('.') else {
        body.insert(path.to_owned(), value);
        return;
    };
    let related = body.entry(relation).or_insert_with(|| json!({}));
    if let Value::Object(related) = related {
        show_field(related, rest, value);
    }
}

fn resource(object: &str, field: &str, id: &str) -> String {
    format!("salesforce/{object}/{field}/{}", percent::decode(id))
}

fn created(id: &str) -> Answer {
    Answer::json(201, &json!({"id": id, "success": true, "errors": []}))
}

fn ambiguous(records: &[&Record], version: &str, object: &str) -> Answer {
    let urls: Vec<String> = records
        .iter()
        .map(|record| format!("/services/data/{version}/sobjects/{object}/{}", record.id()))
        .collect();
    Answer::json(300, &json!(urls))
}

impl Simulator for Salesforce {
    fn answer(&mut self, call: &Call, now_ms: i64) -> Answer {
        match (call.method.as_str(), call.path()) {
            ("POST", "/services/oauth2/token") => self.token(call, now_ms),
            ("POST", "/services/oauth2/introspect") => self.introspect(call, now_ms),
            _ => self.api(call, now_ms),
        }
    }

    fn broken(&mut self, _call: &Call, status: u16) -> Answer {
        match status {
            503 => failure(503, "SERVER_UNAVAILABLE", "The service is temporarily unavailable", &[]),
            // The contracts have 403 for limits alone; the code and the words are from memory.
            403 => failure(
                403,
                "INSUFFICIENT_ACCESS",
                "You do not have the level of access necessary to perform the operation you requested. Please \
                 contact the owner of the record or your administrator if access is necessary.",
                &[],
            ),
            _ => failure(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.", &[]),
        }
    }

    fn accept_secrets(&mut self, secrets: Vec<String>) {
        self.app.client_secrets = secrets;
    }

    fn hide(&mut self, hidden: &[String]) {
        self.store.model.hide(hidden);
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
