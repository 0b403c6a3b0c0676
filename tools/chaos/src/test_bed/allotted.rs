//! The ports of a test bed: free ones, for whom they are meant.

use trunkline_rig::kafka::properties::{Ports, Proxied};
use trunkline_rig::ports;

use super::{BROKERS, PROCESSORS};

/// Free ports, and addresses on them.
pub(super) struct Allotted {
    /// Of each broker.
    pub(super) ports: Vec<Ports>,
    /// Where webhooks arrive.
    pub(super) ingest: String,
    /// Admin ports of ingest, the first processor and sink.
    pub(super) admin: [String; 3],
    /// Admin ports of the other processors.
    pub(super) others: std::vec::IntoIter<String>,
}

// === impl Allotted ===

impl Allotted {
    /// Allots ports that are free.
    pub(super) fn free() -> anyhow::Result<Self> {
        let per_broker = 2 + 2 * PROCESSORS;
        let mut free = ports::free(BROKERS * per_broker + 3 + PROCESSORS)?.into_iter();
        let mut port = move || free.next().unwrap_or_default();
        let ports = (0..BROKERS)
            .map(|_| Ports {
                controller: port(),
                direct: port(),
                processors: (0..PROCESSORS).map(|_| Proxied { broker: port(), proxy: port() }).collect(),
            })
            .collect();
        let mut address = || format!("127.0.0.1:{}", port());
        let ingest = address();
        let admin = [address(), address(), address()];
        let others: Vec<String> = (1..PROCESSORS).map(|_| address()).collect();
        Ok(Self { ports, ingest, admin, others: others.into_iter() })
    }
}
