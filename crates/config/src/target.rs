//! `[targets.NAME]`: outside systems that are read and written.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_systems::{ApiVersion, Rate, System};

use crate::Http;
use crate::credentials::{Credentials, Proof};
use crate::extra_headers;
use crate::profile_mapping::ProfileMapping;
use crate::section::{Problem, Section};
use crate::url::{origin, private_url};
use crate::values::{duration, integer, one_of, share, text};

/// A configured outside system.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name in the configuration.
    pub name: String,
    /// Which system it is.
    pub system: System,
    /// The tenant there (by default, for any HTTP service, the target's name).
    pub org: String,
    /// Base URL of its API, without a trailing slash; the host that says where the API is, where
    /// [`Proof::AccessKey`] lets the API be discovered.
    pub base_url: String,
    /// How to log in.
    pub credentials: Credentials,
    /// Version of its API, where one can be chosen; `None` for the default, see [`Target::api_root`].
    pub api_version: Option<String>,
    /// Headers of every request beside those that requests have by themselves, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// Where it keeps customers, and what is read of them (default: the objects of the vendor's standard product);
    /// `None` for a system that does not know customers.
    pub profile: Option<ProfileMapping>,
    /// Whether write-backs are done (default) or only observed.
    pub mode: Mode,
    /// Longest time one attempt may take (default 5 s).
    pub timeout: Duration,
    /// Calls allowed; defaults by system, see [`System::limits`].
    pub rate: Rate,
    /// When to stop calling.
    pub breaker: Breaker,
    /// How often to try again.
    pub retry: Retry,
    /// How it is reached.
    pub http: Http,
    /// Longest answer that is read (default 2 MiB).
    pub answer_limit_bytes: usize,
}

/// Whether write-backs are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// They are done.
    #[default]
    Apply,
    /// Everything but the write; the result says what it would have changed.
    Observe,
}

/// When to stop calling a target, and when to try again.
#[derive(Debug, Clone, PartialEq)]
pub struct Breaker {
    /// Failures in a row that open it (default 5).
    pub consecutive_failures: u32,
    /// Share of failures within the window that opens it (default 0.5).
    pub failure_ratio: f64,
    /// Share of slow calls within the window that opens it (default 0.5).
    pub slow_ratio: f64,
    /// A call that takes longer is slow (default 2 s).
    pub slow_call: Duration,
    /// The window (default 60 s).
    pub window: Duration,
    /// Calls within the window below which the shares do not count (default 20).
    pub minimum_calls: u32,
    /// How long it stays open before probing (default 30 s).
    pub open_for: Duration,
    /// Calls let through while half open; all must succeed to close it (default 3).
    pub probes: u32,
}

/// How often a failed call is tried again, with exponential backoff and full jitter.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Attempts in all, the first included (default 4).
    pub attempts: u32,
    /// Longest wait before the second attempt; it doubles from there (default 200 ms).
    pub base: Duration,
    /// Longest wait of all (default 5 s).
    pub cap: Duration,
    /// Retries allowed as a share of calls, over all calls to the endpoint (default 0.2).
    pub budget_ratio: f64,
}

// === impl Breaker ===

impl Default for Breaker {
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            failure_ratio: 0.5,
            slow_ratio: 0.5,
            slow_call: Duration::from_secs(2),
            window: Duration::from_secs(60),
            minimum_calls: 20,
            open_for: Duration::from_secs(30),
            probes: 3,
        }
    }
}

impl Breaker {
    fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        let count = || integer(1..=1_000_000);
        Self {
            consecutive_failures: section.or("consecutive_failures", count(), default.consecutive_failures),
            failure_ratio: section.or("failure_ratio", share, default.failure_ratio),
            slow_ratio: section.or("slow_ratio", share, default.slow_ratio),
            slow_call: section.or("slow_call", duration, default.slow_call),
            window: section.or("window", duration, default.window),
            minimum_calls: section.or("minimum_calls", count(), default.minimum_calls),
            open_for: section.or("open_for", duration, default.open_for),
            probes: section.or("probes", count(), default.probes),
        }
    }
}

// === impl Retry ===

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_millis(200), cap: Duration::from_secs(5), budget_ratio: 0.2 }
    }
}

impl Retry {
    fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        Self {
            attempts: section.or("attempts", integer(1..=20), default.attempts),
            base: section.or("base", duration, default.base),
            cap: section.or("cap", duration, default.cap),
            budget_ratio: section.or("budget_ratio", share, default.budget_ratio),
        }
    }
}

// === impl Target ===

impl Target {
    /// Where its API begins under the base URL, with its version: `/services/data/v60.0`. Empty where every path has
    /// the version that its resource is known in.
    pub fn api_root(&self) -> String {
        self.system.capabilities().api_version.root(self.api_version.as_deref())
    }

    pub(crate) fn read(section: &Section<'_>, http: &Http) -> Option<Self> {
        section.reads_insecure();
        let system = section.required("system", one_of(System::ALL.map(|system| (system.as_str(), system))));
        // A service that is none of the platforms and CRMs has no tenants that commands could be about.
        let org = match system.is_some_and(|system: System| system.capabilities().sources_class.is_some()) {
            true => Some(section.or("org", text, section.name().to_owned())),
            false => section.required("org", text),
        };
        let base_url = match Credentials::can_discover_api(section) {
            true => section.optional("base_url", private_url),
            false => section.required("base_url", private_url),
        };
        let credentials = Credentials::read(section, system);
        let api_version = api_version(section, system);
        let headers = extra_headers::read(section);
        let profile = ProfileMapping::read(section, system);
        let mode =
            section.or("mode", one_of([("apply", Mode::Apply), ("observe", Mode::Observe)]), Mode::Apply);
        let timeout = section.or("timeout", duration, Duration::from_secs(5));
        if section.has("rate_calls") != section.has("rate_per") {
            section.refuse("rate_calls", "'rate_calls' and 'rate_per' go together");
        }
        let calls = section.optional("rate_calls", integer(1..=1_000_000));
        let per = section.optional("rate_per", duration);
        let breaker = section.table("breaker", Breaker::read);
        let retry = section.table("retry", Retry::read);
        let http = section.table("http", |section| Http::read(section, http));
        let answer_limit_bytes = section.or("answer_limit_bytes", integer(1024..=64 << 20), 2 << 20);
        let rate = calls.zip(per).map(|(calls, per)| Rate { calls, per });
        let system = system?;
        Some(Self {
            name: section.name().to_owned(),
            system,
            org: org?,
            base_url: base_url.or_else(|| where_discovery_begins(credentials.as_ref()?))?,
            credentials: credentials?,
            api_version,
            headers,
            profile,
            mode,
            timeout,
            rate: rate.unwrap_or(system.limits().default_rate),
            breaker,
            retry,
            http,
            answer_limit_bytes,
        })
    }
}

/// The version that is chosen, in the form that the system's versions have.
fn api_version(section: &Section<'_>, system: Option<System>) -> Option<String> {
    let versions = system.map(|system| system.capabilities().api_version);
    section.optional("api_version", |value| {
        let written = text(value)?;
        match versions {
            Some(ApiVersion::Segment { form, .. }) if !form.fits(&written) => {
                Err(Problem::new(format!("is '{written}', must be a version such as '{}'", form.example())))
            }
            Some(ApiVersion::InPaths) => {
                Err(Problem::new("does not belong to this system: its paths have their versions in them"))
            }
            Some(ApiVersion::Segment { .. }) | None => Ok(written),
        }
    })
}

/// The token endpoint's host, which also has the configuration documents of tenants.
fn where_discovery_begins(credentials: &Credentials) -> Option<String> {
    match credentials {
        Credentials::Token(login) if matches!(login.proof, Proof::AccessKey { discovers_api: true, .. }) => {
            origin(&login.token_url)
        }
        _ => None,
    }
}
