//! ServiceNow: the table and aggregate APIs, and the OAuth endpoint.

mod query;
mod table;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::credentials::Credentials;
use crate::http::{Answer, Call};
use crate::oauth::{basic_or_form_client, scope_beyond};
use crate::quota::{Meter, Rule, Usage, Verdict};
use crate::simulator::Simulator;
use crate::token::Tokens;
use query::Query;
use table::{Record, Tables};
use trunkline_load::numbers::Population;

/// The simulated instance.
pub struct ServiceNow {
    client_id: String,
    client_secrets: Vec<String>,
    token_seconds: i64,
    tokens: Tokens,
    meter: Option<Meter>,
    tables: Tables,
    /// Fields that the access control lists keep from the user, as `TABLE.FIELD`: records are shown without them, no
    /// word said. Conditions on them count all the same, and the dictionary has them. (By memory; the contracts say
    /// nothing of access control lists.)
    hidden: BTreeSet<String>,
}

/// Identifies the rate limit rule, as `X-RateLimit-Rule` does.
const RULE_ID: &str = "1d4b2f0c5f30330048dc8c10cea4f0a1";

impl ServiceNow {
    /// An instance with the customers' incidents; `now_ms` dates them.
    #[must_use]
    pub fn new(
        credentials: &Credentials,
        quota: Option<Rule>,
        token_seconds: i64,
        customers: Population,
        now_ms: i64,
    ) -> Self {
        Self {
            client_id: credentials.servicenow_client_id.clone(),
            client_secrets: vec![credentials.servicenow_client_secret.clone()],
            token_seconds,
            tokens: Tokens::new(),
            meter: quota.map(Meter::new),
            tables: Tables::with_incidents(customers, now_ms),
            hidden: BTreeSet::new(),
        }
    }

    fn token(&mut self, call: &Call, now_ms: i64) -> Answer {
        let refuse = |error: &str, description: &str| {
            Answer::json(401, &json!({"error": error, "error_description": description}))
        };
        let Some(client) = basic_or_form_client(call) else {
            return refuse("invalid_request", "client_id is missing");
        };
        if client.id != self.client_id || !self.client_secrets.contains(&client.secret) {
            return refuse("invalid_client", "access_denied").asked_by(&client.id);
        }
        if call.form().get("grant_type").map(String::as_str) != Some("client_credentials") {
            return refuse("unsupported_grant_type", "grant type not supported").asked_by(&client.id);
        }
        if scope_beyond(call, &["useraccount"]).is_some() {
            return refuse("invalid_scope", "the requested scope is not granted").asked_by(&client.id);
        }
        let token = self.tokens.issue("", &client.id, Some(now_ms + self.token_seconds * 1000));
        // The platform counts the remaining life, which is a second less than the configured one.
        let body = json!({
            "scope": "useraccount", "token_type": "Bearer", "expires_in": self.token_seconds - 1, "access_token": token,
        });
        Answer::json(200, &body).asked_by(&client.id)
    }

    fn user(&self, call: &Call, now_ms: i64) -> Option<String> {
        if let Some(token) = call.bearer() {
            return self.tokens.client(token, now_ms).ok().map(str::to_owned);
        }
        let (user, password) = call.basic()?;
        (user == self.client_id && self.client_secrets.contains(&password)).then_some(user)
    }

    fn api(&mut self, call: &Call, now_ms: i64) -> Answer {
        let Some(user) = self.user(call, now_ms) else {
            return failure(401, "User Not Authenticated", "Required to provide Auth information")
                .header("WWW-Authenticate", "BASIC realm=\"Service-now\"");
        };
        let verdict = self.meter.as_mut().map(|meter| meter.take(&user, now_ms));
        let answer = match &verdict {
            Some(verdict) if !verdict.within => too_many(verdict),
            _ => self.route(call, now_ms),
        };
        let answer = match &verdict {
            Some(verdict) => rate_headers(answer, verdict, now_ms),
            None => answer,
        };
        answer.asked_by(&user)
    }

    fn route(&mut self, call: &Call, now_ms: i64) -> Answer {
        let segments = call.segments();
        let mut path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let version = match path.get(2) {
            Some(&version @ ("v1" | "v2")) => {
                path.remove(2);
                version
            }
            _ => "",
        };
        match (call.method.as_str(), path.as_slice()) {
            ("GET", ["api", "now", "table", table]) => self.list(call, table, version == "v1"),
            ("POST", ["api", "now", "table", table]) => self.create(call, table, now_ms),
            ("GET", ["api", "now", "table", table, id]) => match self.tables.get(table, id) {
                Some(record) => result(200, self.readable(table, shown(record, call)))
                    .about(format!("servicenow/{table}/{id}")),
                None => no_record(),
            },
            ("PATCH" | "PUT", ["api", "now", "table", table, id]) => self.update(call, table, id, now_ms),
            ("DELETE", ["api", "now", "table", table, id]) => match self.tables.remove(table, id) {
                true => Answer::empty(204).about(format!("servicenow/{table}/{id}")).wrote(true, None),
                false => no_record(),
            },
            ("GET", ["api", "now", "stats", table]) => self.aggregate(call, table),
            _ => failure(400, "Requested URI does not represent any resource", call.path()),
        }
    }

    fn list(&self, call: &Call, table: &str, first_version: bool) -> Answer {
        let Some(records) = self.tables.all(table) else { return invalid_table(table) };
        let query = Query::parse(call.parameter("sysparm_query").unwrap_or_default())
            .on_known_fields(|field| self.tables.knows(table, field));
        let matching = query.select(records, &|record, field| self.tables.value(record, field));
        let number = |name: &str, default: usize| {
            call.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let (offset, limit) = (number("sysparm_offset", 0), number("sysparm_limit", 10_000));
        let page = matching.iter().skip(offset).take(limit);
        let page: Vec<Value> = page.map(|record| self.with_referenced(record, call, table)).collect();
        let answer =
            if first_version && page.is_empty() { no_record() } else { result(200, Value::Array(page)) };
        let answer = answer.header("X-Total-Count", &matching.len().to_string());
        let answer = match links(call, offset, limit, matching.len()) {
            Some(links) => answer.header("Link", &links),
            None => answer,
        };
        answer.about(format!("servicenow/{table}"))
    }

    /// A record with the fields of referenced records that are wanted, flat, under their dotted names.
    fn with_referenced(&self, record: &Record, call: &Call, table: &str) -> Value {
        let mut shown = shown(record, call);
        let wanted = call.parameter("sysparm_fields").unwrap_or_default().split(',').map(str::trim);
        for path in wanted.filter(|path| path.contains('.') && self.tables.knows(table, path)) {
            shown[path] = json!(self.tables.value(record, path));
        }
        self.readable(table, shown)
    }

    /// Without what the user may not read.
    fn readable(&self, table: &str, mut shown: Value) -> Value {
        if let Value::Object(fields) = &mut shown {
            fields.retain(|path, _| {
                let (table, field) = self.tables.place(table, path);
                !self.hidden.contains(&format!("{table}.{field}"))
            });
        }
        shown
    }

    fn create(&mut self, call: &Call, table: &str, now_ms: i64) -> Answer {
        let Some(Value::Object(fields)) = call.json() else { return unreadable() };
        let Some(record) = self.tables.insert(table, fields, &self.client_id, now_ms) else {
            return invalid_table(table);
        };
        let id = record.get("sys_id").cloned().unwrap_or_default();
        let shown = shown(record, call);
        let mut answer = result(201, self.readable(table, shown)).about(format!("servicenow/{table}/{id}"));
        answer.keep_body = true;
        answer.wrote(true, key(call))
    }

    fn update(&mut self, call: &Call, table: &str, id: &str, now_ms: i64) -> Answer {
        let Some(Value::Object(fields)) = call.json() else { return unreadable() };
        let Some((record, effect)) = self.tables.update(table, id, fields, &self.client_id, now_ms) else {
            return no_record();
        };
        let shown = shown(record, call);
        let mut answer = result(200, self.readable(table, shown)).about(format!("servicenow/{table}/{id}"));
        answer.keep_body = true;
        answer.wrote(effect, key(call))
    }

    fn aggregate(&self, call: &Call, table: &str) -> Answer {
        let Some(records) = self.tables.all(table) else { return invalid_table(table) };
        let query = Query::parse(call.parameter("sysparm_query").unwrap_or_default())
            .on_known_fields(|field| self.tables.knows(table, field));
        let matching = query.select(records, &|record, field| self.tables.value(record, field));
        let counted = call.parameter("sysparm_count") == Some("true");
        let stats = |count: usize| if counted { json!({"count": count.to_string()}) } else { json!({}) };
        let body = match call.parameter("sysparm_group_by") {
            Some(field) => {
                let mut groups: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
                for record in &matching {
                    *groups.entry(record.get(field).map_or("", String::as_str)).or_default() += 1;
                }
                let group = |(value, count): (&str, usize)| json!({"stats": stats(count), "groupby_fields": [{"field": field, "value": value}]});
                groups.into_iter().map(group).collect()
            }
            None => json!({"stats": stats(matching.len())}),
        };
        result(200, body).about(format!("servicenow/{table}"))
    }
}

/// A write's key: as everywhere, else the record's `correlation_id`.
fn key(call: &Call) -> Option<String> {
    call.idempotency_key().or_else(|| call.json()?["correlation_id"].as_str().map(str::to_owned))
}

/// A record as the parameters want it shown: all fields or some, plain or with display values.
fn shown(record: &Record, call: &Call) -> Value {
    let wanted: Option<Vec<&str>> = call
        .parameter("sysparm_fields")
        .filter(|fields| !fields.is_empty())
        .map(|fields| fields.split(',').map(str::trim).collect());
    let both = call.parameter("sysparm_display_value") == Some("all");
    let fields: Map<String, Value> = record
        .iter()
        .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name.as_str())))
        .map(|(name, value)| {
            let value = if both { json!({"display_value": value, "value": value}) } else { json!(value) };
            (name.clone(), value)
        })
        .collect();
    Value::Object(fields)
}

/// The `Link` header: where the other pages are.
fn links(call: &Call, offset: usize, limit: usize, total: usize) -> Option<String> {
    if limit == 0 || total <= limit {
        return None;
    }
    let host = call.header("host").unwrap_or("instance.service-now.com");
    let link = |relation: &str, offset: usize| {
        format!(
            "<http://{host}{}?sysparm_limit={limit}&sysparm_offset={offset}>;rel=\"{relation}\"",
            call.path()
        )
    };
    let mut links = vec![link("first", 0)];
    if offset > 0 {
        links.push(link("prev", offset.saturating_sub(limit)));
    }
    if offset + limit < total {
        links.push(link("next", offset + limit));
    }
    links.push(link("last", (total - 1) / limit * limit));
    Some(links.join(","))
}

fn result(status: u16, result: Value) -> Answer {
    Answer::json(status, &json!({"result": result}))
}

fn failure(status: u16, message: &str, detail: &str) -> Answer {
    let detail = if detail.is_empty() { Value::Null } else { json!(detail) };
    Answer::json(status, &json!({"error": {"message": message, "detail": detail}, "status": "failure"}))
}

fn no_record() -> Answer {
    let detail = "Records matching query not found. Check query parameter or offset parameter";
    failure(404, "No Record found", detail)
}

fn invalid_table(table: &str) -> Answer {
    failure(400, &format!("Invalid table {table}"), "")
}

fn unreadable() -> Answer {
    failure(400, "Exception while reading request", "The payload is not valid JSON.")
}

fn too_many(verdict: &Verdict) -> Answer {
    let detail = format!("Rate limit of {} requests per hour for Table API exceeded", verdict.allowed);
    failure(429, "Rate limit exceeded", &detail).header("Retry-After", &verdict.reset_seconds().to_string())
}

fn rate_headers(answer: Answer, verdict: &Verdict, now_ms: i64) -> Answer {
    answer
        .header("X-RateLimit-Limit", &verdict.allowed.to_string())
        .header("X-RateLimit-Reset", &((now_ms + verdict.reset_ms) / 1000).to_string())
        .header("X-RateLimit-Rule", RULE_ID)
}

impl Simulator for ServiceNow {
    fn answer(&mut self, call: &Call, now_ms: i64) -> Answer {
        match (call.method.as_str(), call.path()) {
            ("POST", "/oauth_token.do") => self.token(call, now_ms),
            _ => self.api(call, now_ms),
        }
    }

    fn broken(&mut self, _call: &Call, status: u16) -> Answer {
        match status {
            // A node that is down is answered for by the load balancer, which speaks no JSON.
            503 => {
                Answer::text(503, "text/html", "<html><body><h1>503 Service Unavailable</h1></body></html>")
            }
            // The shape is the contracts', the words are from memory.
            403 => failure(403, "User Not Authorized", "Failed API level ACL Validation"),
            _ => failure(status, "Internal Server Error", ""),
        }
    }

    fn accept_secrets(&mut self, secrets: Vec<String>) {
        self.client_secrets = secrets;
    }

    fn hide(&mut self, hidden: &[String]) {
        self.hidden = hidden.iter().cloned().collect();
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
