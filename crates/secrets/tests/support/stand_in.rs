//! A stand-in for a Vault server: what its API says of key/value stores of version 2, tokens and logins, as far as it
//! is used here. Tokens end, are renewed up to their longest life, and are revoked; secrets have versions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// The token that may do everything and has no end.
pub const ROOT: &str = "root-token-of-the-stand-in";

/// A running stand-in; it ends with the test's runtime.
#[derive(Clone)]
pub struct StandIn {
    pub address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sealed: bool,
    /// By mount and path; a version that was deleted has no values.
    secrets: BTreeMap<String, Vec<Option<Value>>>,
    tokens: BTreeMap<String, Token>,
    /// Seconds that tokens of a role live, and at most.
    role: (u64, u64),
    secret_ids: BTreeSet<String>,
    service_accounts: BTreeSet<String>,
    /// Paths that no token but the root's may read, and the status that says so.
    denied: BTreeMap<String, u16>,
    issued: u64,
    pub requests: Vec<String>,
}

struct Token {
    expires: Option<Instant>,
    last_end: Option<Instant>,
    renewable: bool,
}

impl StandIn {
    /// Starts one.
    pub async fn start() -> Self {
        let root = Token { expires: None, last_end: None, renewable: false };
        let tokens = BTreeMap::from([(ROOT.to_owned(), root)]);
        let state = Arc::new(Mutex::new(State { tokens, ..State::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, state }
    }

    /// Lets it answer that it is sealed, or no more.
    pub fn seal(&self, sealed: bool) {
        self.state.lock().sealed = sealed;
    }

    /// Takes this token of a service account, and no other.
    pub fn trust_service_account(&self, jwt: &str) {
        self.state.lock().service_accounts = BTreeSet::from([jwt.to_owned()]);
    }

    /// Lets no token but the root's read below this path, and answers with this status; or lets all read again.
    pub fn deny(&self, path: &str, status: Option<u16>) {
        let mut state = self.state.lock();
        state.denied.remove(path);
        state.denied.extend(status.map(|status| (path.to_owned(), status)));
    }

    /// Ends every token but the root's.
    pub fn revoke_all(&self) {
        self.state.lock().tokens.retain(|token, _| token == ROOT);
    }

    /// How many requests of this method and path were answered with success.
    pub fn answered(&self, request: &str) -> usize {
        self.state.lock().requests.iter().filter(|known| *known == request).count()
    }
}

async fn answer(Shared(state): Shared<Arc<Mutex<State>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Value = serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap_or(Value::Null);
    let (method, path) = (parts.method.as_str().to_owned(), parts.uri.path().to_owned());
    let token = parts.headers.get("x-vault-token").map(|token| token.to_str().unwrap().to_owned());
    let mut state = state.lock();
    let (status, body) = state.answer(&method, path.trim_start_matches("/v1/"), token.as_deref(), &body);
    if status < 300 {
        state.requests.push(format!("{method} {path}"));
    }
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// An answer without success: Vault's own words.
fn error(status: u16, message: &str) -> (u16, Value) {
    (status, json!({ "errors": [message] }))
}

impl State {
    fn answer(&mut self, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        if self.sealed {
            return error(503, "Vault is sealed");
        }
        match (method, path) {
            ("POST", "auth/approle/login") => {
                let known = body["secret_id"].as_str().is_some_and(|id| self.secret_ids.contains(id));
                return if known { self.issue(true) } else { error(400, "invalid role or secret ID") };
            }
            ("POST", "auth/kubernetes/login") => {
                let known = body["jwt"].as_str().is_some_and(|jwt| self.service_accounts.contains(jwt));
                return if known { self.issue(true) } else { error(403, "permission denied") };
            }
            _ => {}
        }
        let now = Instant::now();
        let alive = |token: &&str| {
            self.tokens.get(*token).is_some_and(|token| token.expires.is_none_or(|expires| now < expires))
        };
        let Some(token) = token.filter(alive) else { return error(403, "permission denied") };
        let is_root = token == ROOT;
        match (method, path) {
            ("GET", "auth/token/lookup-self") => self.look_up(token, now),
            ("POST", "auth/token/renew-self") => self.renew(token, now),
            ("POST", "auth/token/create") if is_root => {
                let ttl = body["ttl"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
                self.role = (ttl, ttl);
                self.issue(body["renewable"] == Value::Bool(true))
            }
            ("POST", "auth/approle/role/trunkline") if is_root => {
                let seconds =
                    |name: &str| body[name].as_str().unwrap().trim_end_matches('s').parse().unwrap();
                self.role = (seconds("token_ttl"), seconds("token_max_ttl"));
                (204, Value::Null)
            }
            ("GET", "auth/approle/role/trunkline/role-id") if is_root => {
                (200, json!({ "data": { "role_id": "id-of-the-role" } }))
            }
            ("POST", "auth/approle/role/trunkline/secret-id") if is_root => {
                let id = format!("secret-id-{}", self.secret_ids.len());
                self.secret_ids.insert(id.clone());
                (200, json!({ "data": { "secret_id": id } }))
            }
            ("POST", _) if is_root && path.starts_with("sys/") => (204, Value::Null),
            (_, _) if self.denied.contains_key(path) && !is_root => {
                error(self.denied[path], "permission denied")
            }
            (_, _) if path.contains("/data/") => self.secret(method, path, is_root, body),
            _ => error(404, "no handler for route"),
        }
    }

    fn issue(&mut self, renewable: bool) -> (u16, Value) {
        self.issued += 1;
        let token = format!("hvs.token-of-login-{}", self.issued);
        let (life, longest) = self.role;
        let now = Instant::now();
        let end = |seconds| (seconds > 0).then(|| now + Duration::from_secs(seconds));
        self.tokens.insert(token.clone(), Token { expires: end(life), last_end: end(longest), renewable });
        (200, json!({ "auth": { "client_token": token, "lease_duration": life, "renewable": renewable } }))
    }

    fn look_up(&self, token: &str, now: Instant) -> (u16, Value) {
        let Token { expires, renewable, .. } = &self.tokens[token];
        let ttl = expires.map_or(0, |expires| expires.duration_since(now).as_secs());
        let expire_time = expires.map(|_| "2026-01-01T00:00:00Z");
        (200, json!({ "data": { "ttl": ttl, "renewable": renewable, "expire_time": expire_time } }))
    }

    fn renew(&mut self, token: &str, now: Instant) -> (u16, Value) {
        let life = Duration::from_secs(self.role.0);
        let held = self.tokens.get_mut(token).unwrap();
        let (true, Some(last_end)) = (held.renewable, held.last_end) else {
            return error(400, "lease is not renewable");
        };
        if last_end.saturating_duration_since(now) < Duration::from_secs(1) {
            return error(500, "past the max TTL, cannot renew");
        }
        let end = (now + life).min(last_end);
        held.expires = Some(end);
        let left = end.duration_since(now).as_secs();
        (200, json!({ "auth": { "client_token": token, "lease_duration": left, "renewable": true } }))
    }

    fn secret(&mut self, method: &str, path: &str, is_root: bool, body: &Value) -> (u16, Value) {
        let versions = self.secrets.entry(path.to_owned()).or_default();
        match method {
            "GET" => match versions.last() {
                None => (404, json!({ "errors": [] })),
                Some(None) => {
                    let metadata =
                        json!({ "version": versions.len(), "deletion_time": "2026-01-01T00:00:00Z" });
                    (404, json!({ "data": { "data": null, "metadata": metadata } }))
                }
                Some(Some(data)) => {
                    let metadata = json!({ "version": versions.len(), "deletion_time": "" });
                    let data = json!({ "data": data, "metadata": metadata });
                    (200, json!({ "lease_id": "", "lease_duration": 0, "renewable": false, "data": data }))
                }
            },
            "POST" if is_root => {
                versions.push(Some(body["data"].clone()));
                (200, json!({ "data": { "version": versions.len() } }))
            }
            "DELETE" if is_root => {
                if let Some(last) = versions.last_mut() {
                    *last = None;
                }
                (204, Value::Null)
            }
            _ => error(403, "permission denied"),
        }
    }
}
