//! SAP S/4HANA: business partners and open items by OData version 2.

mod entity;
mod filter;
mod metadata;
mod path;
mod session;

use serde_json::{Map, Value, json};

use crate::credentials::Credentials;
use crate::http::{Answer, Call};
use crate::oauth::{basic_client, scope_beyond};
use crate::quota::{Meter, Rule, Usage};
use crate::simulator::Simulator;
use crate::token::Tokens;
use entity::{Entity, Set, addresses, business_partners, open_items};
use filter::Filter;
use path::{Target, target};
use session::Sessions;
use trunkline_load::clock::format;
use trunkline_load::numbers::Population;

/// The simulated client of an S/4HANA system.
pub struct Sap {
    username: String,
    passwords: Vec<String>,
    client_id: String,
    client_secret: String,
    /// Life of sessions and of tokens.
    seconds: i64,
    tokens: Tokens,
    sessions: Sessions,
    meter: Option<Meter>,
    partners: Set,
    items: Set,
    /// The sets about addresses, by name.
    addresses: [(&'static str, Set); 3],
}

/// The token service of the application server.
const TOKEN_PATH: &str = "/sap/bc/sec/oauth2/token";
/// Scopes of the OAuth client: the services that its user may call.
const SCOPES: [&str; 2] = ["API_BUSINESS_PARTNER_0001", "API_OPLACCTGDOCITEMCUBE_SRV_0001"];

impl Sap {
    /// A system with the customers as business partners; `now_ms` dates them.
    #[must_use]
    pub fn new(
        credentials: &Credentials,
        quota: Option<Rule>,
        session_seconds: i64,
        customers: Population,
        now_ms: i64,
    ) -> Self {
        Self {
            username: credentials.sap_username.clone(),
            passwords: vec![credentials.sap_password.clone()],
            client_id: credentials.sap_client_id.clone(),
            client_secret: credentials.sap_client_secret.clone(),
            seconds: session_seconds,
            tokens: Tokens::new(),
            sessions: Sessions::new(session_seconds),
            meter: quota.map(Meter::new),
            partners: business_partners(customers, now_ms),
            items: open_items(customers, now_ms),
            addresses: addresses(customers),
        }
    }

    /// Tokens for the communication user, by OAuth 2.0 client credentials.
    fn token(&mut self, call: &Call, now_ms: i64) -> Answer {
        let refuse = |status, error: &str, description: &str| {
            Answer::json(status, &json!({"error": error, "error_description": description}))
        };
        let Some(client) = basic_client(call) else {
            return refuse(401, "invalid_client", "Client authentication required");
        };
        if client.id != self.client_id || client.secret != self.client_secret {
            return refuse(401, "invalid_client", "Client authentication failed").asked_by(&client.id);
        }
        if call.form().get("grant_type").map(String::as_str) != Some("client_credentials") {
            return refuse(400, "unsupported_grant_type", "Grant type is not supported for this client")
                .asked_by(&client.id);
        }
        if scope_beyond(call, &SCOPES).is_some() {
            return refuse(400, "invalid_scope", "The scope is not assigned to the client")
                .asked_by(&client.id);
        }
        let token = self.tokens.issue("", &client.id, Some(now_ms + self.seconds * 1000));
        let body = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": self.seconds, "scope": SCOPES.join(" "),
        });
        Answer::json(200, &body).asked_by(&client.id)
    }

    /// Who logs on by a password or a token, if that is right.
    fn user(&self, call: &Call, now_ms: i64) -> Option<String> {
        if let Some(token) = call.bearer() {
            return self.tokens.client(token, now_ms).ok().map(str::to_owned);
        }
        let (user, password) = call.basic()?;
        let known = user.eq_ignore_ascii_case(&self.username) && self.passwords.contains(&password);
        known.then(|| self.username.clone())
    }

    fn logged_on(&mut self, call: &Call, user: &str, now_ms: i64) -> Answer {
        if let Some(meter) = &mut self.meter {
            let verdict = meter.take(user, now_ms);
            if !verdict.within {
                return failure(429, "/IWFND/CM_COS/129", "Too many requests", call)
                    .header("Retry-After", &verdict.reset_seconds().to_string());
            }
        }
        if matches!(call.method.as_str(), "GET" | "HEAD") {
            let answer = self.read(call);
            let fetch = call.header("x-csrf-token").is_some_and(|value| value.eq_ignore_ascii_case("fetch"));
            // A token is given out whatever became of the request itself.
            return if fetch { self.sessions.open(answer, now_ms) } else { answer };
        }
        if !self.sessions.vouches_for(call, now_ms) {
            return Answer::text(403, "text/plain;charset=utf-8", "CSRF token validation failed")
                .header("x-csrf-token", "Required");
        }
        self.write(call, now_ms)
    }

    fn read(&self, call: &Call) -> Answer {
        match target(call) {
            Target::Service { sets } => Answer::json(200, &json!({"d": {"EntitySets": sets}})),
            Target::Metadata { service, sets } => {
                let described = sets.iter().map(|name| (*name, self.set(name)));
                Answer::text(200, "application/xml;charset=utf-8", &metadata::document(service, described))
                    .about(format!("sap/{service}"))
            }
            Target::Collection { set } => self.list(call, &set),
            Target::Single { set, key } => match self.set(&set).get(&key) {
                Some(entity) => {
                    let body = json!({"d": shown(entity, call)});
                    let answer = Answer::json(200, &body).about(format!("sap/{set}/{key}"));
                    entity.etag().map_or(answer.clone(), |etag| answer.header("etag", &etag))
                }
                None => not_found(&set, call).about(format!("sap/{set}/{key}")),
            },
            Target::NoSuchSet { set } => {
                let message = format!("Resource not found for segment '{set}'");
                failure(404, "/IWFND/CM_MGW_RT/020", &message, call)
            }
            Target::Nothing => unknown_service(call),
        }
    }

    fn list(&self, call: &Call, set: &str) -> Answer {
        let filter = match Filter::parse(call.parameter("$filter").unwrap_or_default()) {
            Ok(filter) => filter,
            Err(message) => return failure(400, "/IWFND/CM_MGW_RT/022", &message, call),
        };
        let entities = self.set(set);
        if let Some(unknown) =
            filter.properties().into_iter().find(|property| !entities.has_property(property))
        {
            let message = format!("Property {unknown} not found in type {set}Type");
            return failure(400, "005056A509B11EE1B9A8FEC11C21578E", &message, call);
        }
        let selected = call.parameter("$select").filter(|select| !select.is_empty());
        let mut selected = selected.into_iter().flat_map(|select| select.split(',').map(str::trim));
        if let Some(unknown) = selected.find(|property| !entities.has_property(property)) {
            let message = format!("Resource not found for segment '{unknown}'");
            return failure(404, "/IWBEP/CM_MGW_RT/021", &message, call);
        }
        let matching: Vec<&Entity> =
            entities.all().filter(|entity| filter.matches(&entity.properties)).collect();
        let number = |name: &str, default: usize| {
            call.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let page = matching.iter().skip(number("$skip", 0)).take(number("$top", usize::MAX));
        let mut body = json!({"results": page.map(|entity| shown(entity, call)).collect::<Vec<_>>()});
        if call.parameter("$inlinecount") == Some("allpages") {
            body["__count"] = json!(matching.len().to_string());
        }
        Answer::json(200, &json!({"d": body})).about(format!("sap/{set}"))
    }

    fn write(&mut self, call: &Call, now_ms: i64) -> Answer {
        let method = match (call.method.as_str(), call.header("x-http-method")) {
            ("POST", Some(tunnelled)) => tunnelled.to_ascii_uppercase(),
            (method, _) => method.to_owned(),
        };
        let Target::Single { set, key } = target(call) else {
            return failure(405, "/IWFND/CM_MGW/105", "Method not allowed for this resource", call);
        };
        if !matches!(method.as_str(), "PATCH" | "MERGE" | "PUT") || set != "A_BusinessPartner" {
            return failure(405, "/IWFND/CM_MGW/105", "Method not allowed for this resource", call);
        }
        let mut answer = self.update(call, &set, &key, now_ms).about(format!("sap/{set}/{key}"));
        answer.keep_body = true;
        answer.idempotency_key = call.idempotency_key();
        answer
    }

    fn update(&mut self, call: &Call, set: &str, key: &str, now_ms: i64) -> Answer {
        let Some(entity) = self.partners.get(key) else { return not_found(set, call) };
        match (call.header("if-match"), entity.etag()) {
            (None, _) => {
                let message = "Precondition required: the request must carry an If-Match header";
                return failure(428, "/IWFND/CM_MGW/562", message, call);
            }
            (Some("*"), _) => {}
            (Some(sent), Some(current)) if sent == current => {}
            _ => {
                return failure(
                    412,
                    "/IWFND/CM_MGW/563",
                    "The resource has been modified by another user",
                    call,
                );
            }
        }
        let Some(Value::Object(fields)) = call.json() else {
            return failure(400, "/IWFND/CM_MGW_RT/021", "Malformed request body", call);
        };
        let known = |name: &String| self.partners.has_property(name) || name.starts_with("YY1_");
        if let Some(unknown) = fields.keys().find(|name| !known(name)) {
            let message = format!("Property {unknown} is invalid for type A_BusinessPartnerType");
            return failure(400, "005056A509B11EE1B9A8FEC11C21578E", &message, call);
        }
        let fields: Map<String, Value> =
            fields.into_iter().filter(|(name, _)| name != "BusinessPartner").collect();
        let changed = self.partners.change(key, fields, now_ms);
        let etag = self.partners.get(key).and_then(Entity::etag).unwrap_or_default();
        Answer::empty(204).header("etag", &etag).wrote(changed, None)
    }

    fn set(&self, name: &str) -> &Set {
        let of_addresses = self.addresses.iter().find(|(known, _)| *known == name).map(|(_, set)| set);
        match name {
            "A_BusinessPartner" => &self.partners,
            _ => of_addresses.unwrap_or(&self.items),
        }
    }
}

/// An entity as `$select` wants it; the host in its address is the one that was asked.
fn shown(entity: &Entity, call: &Call) -> Value {
    let selected: Option<Vec<&str>> = call
        .parameter("$select")
        .filter(|select| !select.is_empty())
        .map(|select| select.split(',').map(str::trim).collect());
    let host = call.header("host").unwrap_or("localhost");
    let uri = format!("http://{host}/sap/opu/odata/sap/{}", entity.path);
    let mut metadata = json!({"id": uri, "uri": uri, "type": entity.type_name});
    if let Some(etag) = entity.etag() {
        metadata["etag"] = json!(etag);
    }
    let mut body = Map::new();
    body.insert("__metadata".into(), metadata);
    for (name, value) in &entity.properties {
        if selected.as_ref().is_none_or(|selected| selected.contains(&name.as_str())) {
            body.insert(name.clone(), value.clone());
        }
    }
    if selected.is_none() && entity.type_name == "API_BUSINESS_PARTNER.A_BusinessPartnerType" {
        body.insert("to_Customer".into(), json!({"__deferred": {"uri": format!("{uri}/to_Customer")}}));
    }
    Value::Object(body)
}

/// An error in OData version 2; its text is in the language that was asked for, so only `code` can be relied on.
fn failure(status: u16, code: &str, message: &str, call: &Call) -> Answer {
    let language = call.parameter("sap-language").or_else(|| call.header("accept-language")).unwrap_or("en");
    let german = language.to_ascii_lowercase().starts_with("de");
    let (language, text) = if german { ("de", translated(code, message)) } else { ("en", message) };
    let body = json!({"error": {
        "code": code,
        "message": {"lang": language, "value": text},
        "innererror": {
            "application": {"component_id": "LO-MD-BP", "service_namespace": "/SAP/", "service_id": "API_BUSINESS_PARTNER", "service_version": "0001"},
            "transactionid": "25669476CF9401E0E005F2FA0752F574",
            "errordetails": [{"code": code, "message": text, "propertyref": "", "severity": "error", "target": ""}],
        },
    }});
    Answer::json(status, &body)
}

fn translated<'a>(code: &str, message: &'a str) -> &'a str {
    match code {
        "/IWBEP/CM_MGW_RT/020" => "Ressource wurde nicht gefunden",
        "/IWFND/CM_MGW/563" => "Die Ressource wurde von einem anderen Benutzer geändert",
        "/IWFND/CM_COS/129" => "Zu viele Anfragen",
        _ => message,
    }
}

fn not_found(set: &str, call: &Call) -> Answer {
    failure(404, "/IWBEP/CM_MGW_RT/020", &format!("Resource not found for segment '{set}Type'"), call)
}

fn unknown_service(call: &Call) -> Answer {
    failure(403, "/IWFND/MED/170", "No service found for the given namespace and name", call)
}

impl Simulator for Sap {
    fn answer(&mut self, call: &Call, now_ms: i64) -> Answer {
        if (call.method.as_str(), call.path()) == ("POST", TOKEN_PATH) {
            return self.token(call, now_ms);
        }
        match self.user(call, now_ms) {
            Some(user) => self.logged_on(call, &user, now_ms).asked_by(&user).header("sap-server", "true"),
            // The logon screen, as the gateway sends it to whoever cannot log on.
            None => {
                let page =
                    "<html><head><title>Logon failed</title></head><body>401 Unauthorized</body></html>";
                Answer::text(401, "text/html; charset=utf-8", page)
                    .header("WWW-Authenticate", "Basic realm=\"SAP NetWeaver Application Server\"")
            }
        }
    }

    fn broken(&mut self, call: &Call, status: u16) -> Answer {
        match status {
            // The web dispatcher answers for an application server that is down.
            503 => Answer::text(
                503,
                "text/html",
                "<html><body>503 Service Unavailable: no application server</body></html>",
            ),
            // The gateway lets nobody at a service that the user's roles do not name. (By memory; the contracts have
            // 403 for missing cross-site tokens, and XML for faults of the gateway.)
            403 => Answer::text(
                403,
                "application/xml",
                "<?xml version=\"1.0\"?><error><code>/IWFND/MED/022</code><message>No authorization to access the service\
                 </message></error>",
            ),
            // A short dump comes as XML or with nothing at all.
            _ if call.target.len().is_multiple_of(2) => Answer::empty(500),
            _ => Answer::text(
                500,
                "application/xml",
                "<?xml version=\"1.0\"?><error><code>SY/530</code><message>Runtime error</message></error>",
            ),
        }
    }

    fn accept_secrets(&mut self, secrets: Vec<String>) {
        self.passwords = secrets;
    }

    fn revoke_tokens(&mut self) {
        self.sessions.close_all();
        self.tokens.revoke_all();
    }

    fn limit(&mut self, calls: Option<u32>) {
        match (&mut self.meter, calls) {
            (Some(meter), _) => meter.limit(calls),
            // No quota is configured, so one a minute long stands in for it.
            (meter @ None, Some(calls)) => {
                let window = crate::quota::Window::FromFirstCall;
                *meter = Some(Meter::new(Rule { calls, window_ms: 60_000, window, counted_every_ms: 0 }));
            }
            (None, None) => {}
        }
    }

    fn quota(&self, now_ms: i64) -> Vec<Usage> {
        self.meter.as_ref().map(|meter| meter.usage(now_ms)).unwrap_or_default()
    }

    fn issued(&self) -> Vec<String> {
        self.sessions.issued().into_iter().chain(self.tokens.issued().iter().cloned()).collect()
    }
}

/// `/Date(1518393600000)/`
fn odata_date(epoch_ms: i64) -> String {
    format!("/Date({})/", epoch_ms.div_euclid(86_400_000) * 86_400_000)
}

/// `W/"datetimeoffset'2015-02-03T21%3A07%3A03.5328420Z'"`
fn odata_etag(epoch_ms: i64) -> String {
    format!("W/\"datetimeoffset'{}'\"", format(epoch_ms, "%Y-%m-%dT%H%%3A%M%%3A%S%.3f0000Z"))
}
