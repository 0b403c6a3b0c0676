//! Configurations, and the processes that are started with them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use trunkline_rig::configuration::{self, Choices, Layout, write_private};
use trunkline_rig::kafka::properties::{Ports, Proxied};
use trunkline_rig::program::Spec;
use trunkline_rig::supervisor::{Member, Restarts};
use trunkline_simulators::{Addresses, Credentials};

use super::{Processor, Settings, state_folder};
use crate::journal::Journal;
use crate::link::Link;
use crate::proxy::{Proxies, Route};
use crate::small_disk::SmallDisk;

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// What every process is started with.
pub(super) struct Launch<'a> {
    pub(super) settings: &'a Settings,
    /// Where the outside systems are.
    pub(super) addresses: &'a Addresses,
    pub(super) credentials: &'a Credentials,
    /// Learns of processes that end and start again.
    pub(super) journal: &'a Arc<Journal>,
}

// === impl Launch ===

impl Launch<'_> {
    /// Writes the configuration of a layout.
    pub(super) fn configure(&self, path: &Path, layout: &Layout) -> anyhow::Result<()> {
        let text = configuration::text(layout, &Choices::default(), self.addresses, self.credentials);
        write_private(path, &text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Starts a process. `within` is the command that it runs in, if any.
    pub(super) fn start(
        &self,
        binary: &str,
        number: usize,
        config: &Path,
        admin: &str,
        within: Vec<String>,
    ) -> anyhow::Result<Member> {
        let spec = spec(&self.settings.folder, binary, number, config, admin, within);
        Member::start(spec, &self.settings.binaries, Restarts::PATIENT, self.journal.listener())
    }

    /// Starts a processor that reaches the brokers by proxies of its own. `own` is its layout, in which the
    /// brokers and the state folder are still to be filled in.
    pub(super) async fn start_processor(
        &self,
        number: usize,
        mut own: Layout,
        ports: &[Ports],
        disk: Option<&SmallDisk>,
    ) -> anyhow::Result<Processor> {
        let folder = &self.settings.folder;
        let link = Arc::new(Link::default());
        let proxies = Proxies::start(&link, routes(ports, number)).await?;
        own.kafka = brokers(ports, number);
        own.state = state_folder(folder, number);
        std::fs::create_dir_all(&own.state)?;
        let config = folder.join(format!("trunkline.processor-{number}.toml"));
        self.configure(&config, &own)?;
        let within = disk.map_or_else(Vec::new, SmallDisk::within);
        let member = self.start("processor", number, &config, &own.admin[1], within)?;
        let state = disk.map_or(own.state, SmallDisk::folder);
        Ok(Processor { member, link, state, _proxies: proxies })
    }
}

fn spec(folder: &Path, binary: &str, number: usize, config: &Path, admin: &str, within: Vec<String>) -> Spec {
    let instance = format!("{binary}-{number}");
    Spec {
        binary: binary.to_owned(),
        config: config.to_owned(),
        log: folder.join("logs").join(format!("{instance}.log")),
        admin: format!("http://{admin}"),
        instance,
        within,
    }
}

/// The brokers' addresses for one processor: its proxies.
fn brokers(ports: &[Ports], processor: usize) -> String {
    let addresses = ports.iter().map(|own| format!("127.0.0.1:{}", own.processors[processor].proxy));
    addresses.collect::<Vec<_>>().join(",")
}

fn routes(ports: &[Ports], processor: usize) -> Vec<Route> {
    let route = |(number, own): (usize, &Ports)| {
        let Proxied { broker, proxy } = own.processors[processor];
        let address = |port| SocketAddr::from((LOOPBACK, port));
        Route { broker: number, listen: address(proxy), upstream: address(broker) }
    };
    ports.iter().enumerate().map(route).collect()
}
