//! How to log in to a target: the fields of `[targets.NAME]` that `login` chooses.

use std::time::Duration;

use trunkline_systems::{ClientAuthentication, Login, System};

use crate::SecretHandle;
use crate::extra_headers;
use crate::reference::{private_key, secret};
use crate::section::{Problem, Read, Section, Value};
use crate::url::private_url;
use crate::values::{duration, duration_or_zero, is_header, list, one_of, text};

/// How to log in to a target.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// HTTP Basic with each call.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: SecretHandle,
    },
    /// A token with each call, which a token endpoint gives.
    Token(TokenLogin),
    /// A key, or a token that does not expire, with each call.
    ApiKey {
        /// The header that it is in, in lower case (default `authorization`).
        header: String,
        /// What stands before it in the header (by default `Bearer` in `authorization`, nothing in others).
        scheme: Option<String>,
        /// The key.
        key: SecretHandle,
    },
    /// Nothing.
    None,
}

/// Where and for what a token endpoint gives tokens, and how they are used.
#[derive(Debug, Clone)]
pub struct TokenLogin {
    /// Token endpoint.
    pub token_url: String,
    /// What is shown there.
    pub proof: Proof,
    /// What the token is to be good for: names with one space between them. `None` asks for whatever the client may
    /// do.
    pub scope: Option<String>,
    /// A token is replaced when this much of its life is left (default 5 minutes), or a fifth of it where that is
    /// shorter.
    pub grace: Duration,
    /// How long a token lives whose issuer does not say (default 15 minutes: the shortest session that Salesforce, who
    /// never says, can be set to). It is replaced when it is refused, in any case.
    pub life: Duration,
    /// Whether the issuer is asked about a token before it is used; by default it is not.
    pub introspection: Option<Introspection>,
}

/// Asking the issuer whether a token is still good (RFC 7662).
#[derive(Debug, Clone)]
pub struct Introspection {
    /// Introspection endpoint.
    pub url: String,
    /// How long an answer is believed, and a new token needs none (default 60 s).
    pub cache: Duration,
}

/// What is shown to a token endpoint.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A client id and its secret (RFC 6749 section 4.4).
    Client(Client),
    /// An assertion, signed anew for each token (RFC 7523).
    Assertion {
        /// Client id, the issuer of the assertion.
        client_id: String,
        /// The user whom the assertion is about.
        username: String,
        /// The authorisation server that it is meant for (default `https://login.salesforce.com`).
        audience: String,
        /// RSA key in PEM, whose certificate the system knows.
        private_key: SecretHandle,
    },
    /// An access key, from a client that shows itself as well (NICE CXone).
    AccessKey {
        /// The client.
        client: Client,
        /// Id of the access key.
        id: String,
        /// Its secret.
        secret: SecretHandle,
        /// The tenant; `None` where the token is to say.
        tenant_id: Option<String>,
        /// Whether the tenant's configuration document says where its API is; the `base_url` of the target is then
        /// the host that has the document.
        discovers_api: bool,
    },
}

/// A client of a token endpoint.
#[derive(Debug, Clone)]
pub struct Client {
    /// Client id.
    pub id: String,
    /// Client secret.
    pub secret: SecretHandle,
    /// How it shows itself (default: as the system's vendor documents it).
    pub authentication: ClientAuthentication,
}

/// The header of logins.
const AUTHORIZATION: &str = "authorization";

/// Kinds that get tokens.
const TOKEN: &[Login] = &[Login::ClientCredentials, Login::JwtBearer, Login::AccessKey];
/// Kinds with a client that has a secret.
const CLIENT: &[Login] = &[Login::ClientCredentials, Login::AccessKey];

/// Every field of a login, with the kinds that it belongs to.
const FIELDS: [(&str, &[Login]); 19] = [
    ("username", &[Login::Basic, Login::JwtBearer]),
    ("password", &[Login::Basic]),
    ("token_url", TOKEN),
    ("client_id", TOKEN),
    ("client_secret", CLIENT),
    ("client_auth", CLIENT),
    ("private_key", &[Login::JwtBearer]),
    ("audience", &[Login::JwtBearer]),
    ("access_key_id", &[Login::AccessKey]),
    ("access_key_secret", &[Login::AccessKey]),
    ("tenant_id", &[Login::AccessKey]),
    ("scope", TOKEN),
    ("token_grace", TOKEN),
    ("token_life", TOKEN),
    ("introspection_url", CLIENT),
    ("introspection_cache", CLIENT),
    ("api_key", &[Login::ApiKey]),
    ("api_key_header", &[Login::ApiKey]),
    ("api_key_scheme", &[Login::ApiKey]),
];

// === impl Credentials ===

impl Credentials {
    /// Whether a target that logs in like this needs no `base_url`.
    pub(crate) fn can_discover_api(section: &Section<'_>) -> bool {
        login(section) == Some(Login::AccessKey)
    }

    pub(crate) fn read(section: &Section<'_>, system: Option<System>) -> Option<Self> {
        section.optional("login", kind);
        let Some(login) = login(section) else {
            section.allow_any_field();
            return None;
        };
        refuse_what_does_not_belong(section, login, system);
        match login {
            Login::Basic => {
                let username = section.required("username", text);
                let password = section.required("password", secret);
                Some(Self::Basic { username: username?, password: password? })
            }
            Login::ApiKey => api_key(section),
            Login::None => Some(Self::None),
            Login::ClientCredentials | Login::JwtBearer | Login::AccessKey => {
                Some(Self::Token(TokenLogin::read(section, login, system)?))
            }
        }
    }
}

/// The kind of login that is named, else the one whose fields are there; `None` where a name is no kind.
fn login(section: &Section<'_>) -> Option<Login> {
    if section.has("login") {
        return section.known_value("login", kind);
    }
    let has = |fields: &[&str]| fields.iter().any(|field| section.has(field));
    Some(match () {
        () if has(&["access_key_id", "access_key_secret", "tenant_id"]) => Login::AccessKey,
        () if has(&["private_key", "audience"]) => Login::JwtBearer,
        () if has(&["api_key", "api_key_header", "api_key_scheme"]) => Login::ApiKey,
        () if has(&["username", "password"]) => Login::Basic,
        () => Login::ClientCredentials,
    })
}

fn kind(value: &Value<'_>) -> Read<Login> {
    one_of(Login::ALL.map(|login| (login.as_str(), login)))(value)
}

/// Notes a kind of login that the system does not take, and fields of other kinds. Those are taken as known, so that a
/// misspelt name finds its like.
fn refuse_what_does_not_belong(section: &Section<'_>, login: Login, system: Option<System>) {
    let name = login.as_str();
    if let Some(system) = system {
        let taken = system.capabilities().logins;
        if !taken.contains(&login) {
            let taken: Vec<_> = taken.iter().map(|login| login.as_str()).collect();
            let message = format!("system '{system}' takes no login '{name}', only: {}", taken.join(", "));
            section.refuse("login", &message);
        }
    }
    let own: Vec<_> =
        FIELDS.iter().filter(|(_, logins)| logins.contains(&login)).map(|(field, _)| *field).collect();
    for (field, logins) in FIELDS {
        if logins.contains(&login) {
            continue;
        }
        section.optional(field, |_| Ok(()));
        if section.has(field) {
            let how = if section.has("login") { "" } else { " (which the other fields tell)" };
            let own = if own.is_empty() {
                "which has none".to_owned()
            } else {
                format!("its fields are: {}", own.join(", "))
            };
            let message = format!("field '{field}' does not belong to login '{name}'{how}; {own}");
            section.refuse(field, &message);
        }
    }
}

// === impl TokenLogin ===

impl TokenLogin {
    fn read(section: &Section<'_>, login: Login, system: Option<System>) -> Option<Self> {
        let token_url = section.required("token_url", private_url);
        let proof = match login {
            Login::JwtBearer => assertion(section),
            Login::AccessKey => access_key(section, system),
            Login::ClientCredentials | Login::Basic | Login::ApiKey | Login::None => {
                Client::read(section, system).map(Proof::Client)
            }
        };
        let scope = section.optional("scope", scope);
        let grace = section.or("token_grace", duration_or_zero, Duration::from_secs(300));
        let life = section.or("token_life", duration, Duration::from_secs(900));
        let introspection = (login != Login::JwtBearer).then(|| Introspection::read(section)).flatten();
        Some(Self { token_url: token_url?, proof: proof?, scope, grace, life, introspection })
    }
}

// === impl Introspection ===

impl Introspection {
    fn read(section: &Section<'_>) -> Option<Self> {
        if section.has("introspection_cache") && !section.has("introspection_url") {
            let message = "'introspection_cache' needs 'introspection_url': by default no issuer is asked";
            section.refuse("introspection_cache", message);
        }
        let url = section.optional("introspection_url", private_url);
        let cache = section.or("introspection_cache", duration, Duration::from_secs(60));
        if cache < Duration::from_secs(1) {
            // Shorter than it takes callers to hear of an answer, it would be asked for again and again.
            section.refuse("introspection_cache", "'introspection_cache' must be at least 1s");
        }
        Some(Self { url: url?, cache })
    }
}

fn api_key(section: &Section<'_>) -> Option<Credentials> {
    let key = section.required("api_key", secret);
    let header = section.or("api_key_header", extra_headers::header_of_key, AUTHORIZATION.to_owned());
    let scheme = section.optional("api_key_scheme", scheme);
    let scheme = scheme.or_else(|| (header == AUTHORIZATION).then(|| "Bearer".to_owned()));
    Some(Credentials::ApiKey { header, scheme, key: key? })
}

/// The word before a key, a token of RFC 9110 section 5.6.2.
fn scheme(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    match is_header(&written) {
        true => Ok(written),
        false => Err(Problem::new(format!("is '{written}', must be a word such as 'Bearer'"))),
    }
}

fn assertion(section: &Section<'_>) -> Option<Proof> {
    let client_id = section.required("client_id", text);
    let username = section.required("username", text);
    let private_key = section.required("private_key", private_key);
    let audience = section.or("audience", text, "https://login.salesforce.com".to_owned());
    Some(Proof::Assertion { client_id: client_id?, username: username?, audience, private_key: private_key? })
}

fn access_key(section: &Section<'_>, system: Option<System>) -> Option<Proof> {
    let client = Client::read(section, system);
    let id = section.required("access_key_id", text);
    let secret = section.required("access_key_secret", secret);
    let tenant_id = section.optional("tenant_id", text);
    let discovers_api = !section.has("base_url");
    Some(Proof::AccessKey { client: client?, id: id?, secret: secret?, tenant_id, discovers_api })
}

// === impl Client ===

impl Client {
    fn read(section: &Section<'_>, system: Option<System>) -> Option<Self> {
        let id = section.required("client_id", text);
        let secret = section.required("client_secret", secret);
        let documented = system.map(|system| system.capabilities().client_authentication);
        let documented = documented.unwrap_or(ClientAuthentication::Header);
        // How the header is written is the vendor's choice, where one is documented.
        let header = match documented {
            ClientAuthentication::EncodedHeader => ClientAuthentication::EncodedHeader,
            ClientAuthentication::Header | ClientAuthentication::Form => ClientAuthentication::Header,
        };
        let ways = [("basic", header), ("form", ClientAuthentication::Form)];
        let authentication = section.or("client_auth", one_of(ways), documented);
        Some(Self { id: id?, secret: secret?, authentication })
    }
}

/// Scopes as a list, or as one string with spaces between them.
fn scope(value: &Value<'_>) -> Read<String> {
    let scopes: Vec<String> = match (value.spanned.get_ref().as_str(), value.spanned.get_ref().is_array()) {
        (Some(written), _) => written.split_whitespace().map(str::to_owned).collect(),
        (None, true) => list(1, text)(value)?,
        (None, false) => return Err(value.must_be("a list of strings, or one with spaces between scopes")),
    };
    // What RFC 6749 section 3.3 allows in the name of a scope.
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    match scopes.iter().find(|scope| !scope.bytes().all(allowed)) {
        Some(wrong) => Err(Problem::new(format!("holds '{wrong}', which is no name of a scope"))),
        None if scopes.is_empty() => Err(Problem::new("must name at least one scope")),
        None => Ok(scopes.join(" ")),
    }
}
