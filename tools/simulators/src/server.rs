//! The sandbox's listeners: one per host of the simulated systems, and one to watch and steer.

mod admin;
mod backend;
mod edge;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::audit::AuditLog;
use crate::credentials::Credentials;
use crate::fault::FaultProfile;
use crate::http::Door;
use crate::quota::Usage;
use crate::settings::SandboxSettings;
use crate::simulator::Simulator;
use crate::system::System;
use crate::{Cxone, Genesys, Salesforce, Sap, ServiceNow};
use backend::Backend;
use trunkline_load::clock::now_ms;
use trunkline_load::numbers::Population;

/// Base URLs, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Addresses {
    /// Genesys login host.
    pub genesys_login: String,
    /// Genesys API host.
    pub genesys_api: String,
    /// CXone authentication host, also discovery.
    pub cxone_auth: String,
    /// CXone API host.
    pub cxone_api: String,
    /// Salesforce, both for tokens and as `instance_url`.
    pub salesforce: String,
    /// SAP gateway.
    pub sap: String,
    /// ServiceNow instance.
    pub servicenow: String,
    /// Audit logs, quotas, faults.
    pub admin: String,
}

/// Five running simulators. They stop when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// Where they are.
    pub addresses: Addresses,
    /// Who may ask them for tokens.
    pub credentials: Credentials,
    systems: Arc<Systems>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

/// What the listeners share.
#[derive(Debug)]
pub(crate) struct Systems {
    pub(crate) backends: BTreeMap<System, Arc<Backend>>,
    pub(crate) audit: AuditLog,
    pub(crate) customers: Population,
    /// Secrets of clients that took the place of those at the start.
    accepted: Mutex<Vec<String>>,
}

// === impl Sandbox ===

impl Sandbox {
    /// Starts the simulators, each on its own listener, and the admin listener.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(settings: SandboxSettings) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for index in 0..8 {
            let port = settings.port_base.map_or(0, |base| base.saturating_add(index));
            listeners.push(TcpListener::bind(SocketAddr::new(settings.host, port)).await?);
        }
        let addresses = Addresses::of(&listeners, settings.public_host.as_deref())?;
        let credentials = settings.credentials.clone().unwrap_or_else(Credentials::random);
        let systems = Arc::new(Systems::new(&settings, &addresses, &credentials));
        let (stop, stopped) = watch::channel(false);
        let doors = [
            Some((System::Genesys, Door::Login)),
            Some((System::Genesys, Door::Api)),
            Some((System::Cxone, Door::Login)),
            Some((System::Cxone, Door::Api)),
            Some((System::Salesforce, Door::Api)),
            Some((System::Sap, Door::Api)),
            Some((System::ServiceNow, Door::Api)),
            None,
        ];
        let mut servers = Vec::new();
        for (listener, door) in listeners.into_iter().zip(doors) {
            let backend =
                door.and_then(|(system, door)| Some((systems.backends.get(&system)?.clone(), door)));
            let router = match backend {
                Some((backend, door)) => edge::router(backend, door),
                None => admin::router(systems.clone()),
            };
            servers.push(tokio::spawn(edge::serve(listener, router, stopped.clone())));
        }
        Ok(Self { addresses, credentials, systems, stop, servers })
    }

    /// The audit log of all systems.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.systems.audit
    }

    /// Replaces a system's faults, at once.
    pub fn set_fault(&self, system: System, fault: FaultProfile) {
        self.systems.set_fault(system, fault);
    }

    /// From now on a system takes these secrets of its client (SAP these passwords of its user), and no others, as
    /// while an organisation changes them. Tokens that it gave out stay valid.
    pub fn accept_secrets(&self, system: System, secrets: Vec<String>) {
        if let Some(backend) = self.systems.backends.get(&system) {
            self.systems.accepted.lock().extend(secrets.iter().cloned());
            backend.simulator.lock().accept_secrets(secrets);
        }
    }

    /// What each credential has used of its quota, by system.
    #[must_use]
    pub fn quota(&self) -> BTreeMap<System, Vec<Usage>> {
        self.systems.quota()
    }

    /// How many customers the CRMs know.
    #[must_use]
    pub fn customers(&self) -> u32 {
        self.systems.customers.customers
    }

    /// Every secret there is: the clients' and every token and session given out so far. For a search that must not
    /// find them anywhere.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        // A key is searched for by its full lines: nothing would print it as it stands in its file, and what is short
        // would be found where it is not.
        let lines = |(_, secret): (_, &str)| {
            let is_key = secret.contains('\n');
            let lines = secret.lines().filter(|line| !is_key || line.len() == 64);
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let given = self.credentials.secrets().into_iter().flat_map(lines);
        let accepted = self.systems.accepted.lock().clone();
        given
            .chain(accepted)
            .chain(self.systems.backends.values().flat_map(|backend| backend.simulator.lock().issued()))
            .collect()
    }

    /// Stops listening and waits until every listener has ended.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for server in std::mem::take(&mut self.servers) {
            // A listener that panicked has ended as well.
            let _ended = server.await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

// === impl Addresses ===

impl Addresses {
    fn of(listeners: &[TcpListener], public_host: Option<&str>) -> io::Result<Self> {
        let mut urls = Vec::new();
        for listener in listeners {
            let address = listener.local_addr()?;
            urls.push(match public_host {
                Some(host) => format!("http://{host}:{}", address.port()),
                None => format!("http://{address}"),
            });
        }
        let mut urls = urls.into_iter();
        let mut next = || urls.next().ok_or_else(|| io::Error::other("a listener is missing"));
        Ok(Self {
            genesys_login: next()?,
            genesys_api: next()?,
            cxone_auth: next()?,
            cxone_api: next()?,
            salesforce: next()?,
            sap: next()?,
            servicenow: next()?,
            admin: next()?,
        })
    }
}

// === impl Systems ===

impl Systems {
    fn new(settings: &SandboxSettings, addresses: &Addresses, credentials: &Credentials) -> Self {
        let audit = AuditLog::default();
        let now_ms = now_ms() as i64;
        let customers = Population { customers: settings.customers, numbering: settings.numbering };
        let backends = System::ALL.into_iter().map(|system| {
            let quota = settings.quotas.get(&system).copied();
            let seconds = settings.token_seconds.get(&system).copied().unwrap_or(3600);
            let own: Vec<_> =
                settings.own_fields.iter().filter(|field| field.system == system).cloned().collect();
            let simulator: Box<dyn Simulator> = match system {
                System::Genesys => Box::new(Genesys::new(credentials, quota, seconds, customers, now_ms)),
                System::Cxone => Box::new(Cxone::new(
                    credentials,
                    quota,
                    seconds,
                    addresses.cxone_auth.clone(),
                    addresses.cxone_api.clone(),
                )),
                System::Salesforce => Box::new(Salesforce::new(
                    credentials,
                    quota,
                    seconds,
                    addresses.salesforce.clone(),
                    &own,
                    settings.customers,
                    now_ms,
                )),
                System::Sap => Box::new(Sap::new(credentials, quota, seconds, customers, now_ms)),
                System::ServiceNow => {
                    Box::new(ServiceNow::new(credentials, quota, seconds, customers, now_ms))
                }
            };
            let backend = Backend::new(system, simulator, settings, audit.clone());
            (system, Arc::new(backend))
        });
        Self { backends: backends.collect(), audit, customers, accepted: Mutex::default() }
    }

    pub(crate) fn set_fault(&self, system: System, fault: FaultProfile) {
        if let Some(backend) = self.backends.get(&system) {
            backend.set_fault(fault);
        }
    }

    pub(crate) fn quota(&self) -> BTreeMap<System, Vec<Usage>> {
        let now_ms = now_ms() as i64;
        self.backends
            .iter()
            .map(|(system, backend)| (*system, backend.simulator.lock().quota(now_ms)))
            .collect()
    }
}
