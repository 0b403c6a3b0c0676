//! The configuration of one broker of a cluster.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The ports of one broker.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Of its controller.
    pub controller: u16,
    /// For the other brokers and for clients that suffer nothing.
    pub direct: u16,
    /// For each processor: where the broker listens for it, and where the proxy before that listens.
    pub processors: Vec<Proxied>,
}

/// A listener with a proxy before it.
#[derive(Debug, Clone, Copy)]
pub struct Proxied {
    /// The broker's own port.
    pub broker: u16,
    /// The proxy's port: what the broker tells its clients.
    pub proxy: u16,
}

/// What clusters differ in.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Copies of every partition, internal topics' as well.
    pub replication: usize,
    /// Copies that have to be in sync before a record counts as written.
    pub min_in_sync: usize,
    /// Further lines of `server.properties`.
    pub more: &'static str,
}

/// One broker for demo, tests and bench.
pub const ORDINARY: Terms = Terms {
    replication: 1,
    min_in_sync: 1,
    more: "\
# Tests start, kill and join consumers all the time: a death may not cost seconds.
group.min.session.timeout.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
",
};

/// Three brokers: everything survives the loss of one, and goes on without it.
pub const DURABLE: Terms = Terms {
    replication: 3,
    min_in_sync: 2,
    more: "\
# A dead broker is noticed within seconds; one that merely waits for the processor of a busy machine is not given up.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
",
};

/// One broker that asks an authorizer, and on which retention takes effect at once, so that permissions and retention
/// can be played within seconds.
pub const AUTHORIZING: Terms = Terms {
    replication: 1,
    min_in_sync: 1,
    more: "\
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
# Whatever no rule is about is allowed: a case takes one permission away, and no other.
allow.everyone.if.no.acl.found=true
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
",
};

/// Settings that all brokers of all clusters share.
const SHARED: &str = "\
process.roles=broker,controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=DIRECT
# Few partitions of internal topics: each has to be opened at every start, and moved at every death of a broker.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=1
# A mistyped topic must fail, not appear.
auto.create.topics.enable=false
# The first of a group to join does not wait for others.
group.initial.rebalance.delay.ms=0
# Threads, buffers and memory maps for several brokers on one machine, or one with hundreds of small partitions.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
";

/// A cluster id as Kafka writes them: 16 bytes in URL-safe base64.
pub fn cluster_id(mut bytes: [u8; 16]) -> String {
    // An id that begins with a dash would be taken for an option.
    bytes[0] &= 0x7f;
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The `server.properties` of broker `number`, whose cluster has these ports.
pub fn text(number: usize, cluster: &[Ports], data: &Path, terms: &Terms) -> String {
    let own = &cluster[number];
    let node = |number: usize| number + 1;
    let voters: Vec<String> = (0..cluster.len())
        .map(|number| format!("{}@127.0.0.1:{}", node(number), cluster[number].controller))
        .collect();
    let mut listeners =
        format!("CONTROLLER://127.0.0.1:{},DIRECT://127.0.0.1:{}", own.controller, own.direct);
    let mut advertised = format!("DIRECT://127.0.0.1:{}", own.direct);
    let mut protocols = "CONTROLLER:PLAINTEXT,DIRECT:PLAINTEXT".to_owned();
    for (processor, Proxied { broker, proxy }) in own.processors.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(listeners, ",PROCESSOR{processor}://127.0.0.1:{broker}");
        let _ = write!(advertised, ",PROCESSOR{processor}://127.0.0.1:{proxy}");
        let _ = write!(protocols, ",PROCESSOR{processor}:PLAINTEXT");
    }
    format!(
        "node.id={}\ncontroller.quorum.voters={}\nlisteners={listeners}\nadvertised.listeners={advertised}\n\
         listener.security.protocol.map={protocols}\nlog.dirs={}\n{}{SHARED}{}",
        node(number),
        voters.join(","),
        data.display(),
        copies(terms),
        terms.more,
    )
}

/// The settings that say how many copies there are.
fn copies(Terms { replication, min_in_sync, .. }: &Terms) -> String {
    format!(
        "default.replication.factor={replication}\nmin.insync.replicas={min_in_sync}\n\
         offsets.topic.replication.factor={replication}\n\
         transaction.state.log.replication.factor={replication}\ntransaction.state.log.min.isr={min_in_sync}\n\
         share.coordinator.state.topic.replication.factor={replication}\n\
         share.coordinator.state.topic.min.isr={min_in_sync}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_processor_has_a_listener_whose_advertised_port_is_the_proxys() {
        let ports = |base: u16| Ports {
            controller: base,
            direct: base + 1,
            processors: vec![
                Proxied { broker: base + 2, proxy: base + 3 },
                Proxied { broker: base + 4, proxy: base + 5 },
            ],
        };
        let text = super::text(1, &[ports(20), ports(30), ports(40)], Path::new("/data"), &DURABLE);
        for line in [
            "node.id=2",
            "controller.quorum.voters=1@127.0.0.1:20,2@127.0.0.1:30,3@127.0.0.1:40",
            "listeners=CONTROLLER://127.0.0.1:30,DIRECT://127.0.0.1:31,PROCESSOR0://127.0.0.1:32,PROCESSOR1://127.0.0.1:34",
            "advertised.listeners=DIRECT://127.0.0.1:31,PROCESSOR0://127.0.0.1:33,PROCESSOR1://127.0.0.1:35",
            "log.dirs=/data",
            "transaction.state.log.min.isr=2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn one_broker_has_one_copy_and_asks_an_authorizer() {
        let ports = Ports { controller: 20, direct: 21, processors: Vec::new() };
        let text = super::text(0, &[ports], Path::new("/data"), &AUTHORIZING);
        for line in [
            "offsets.topic.replication.factor=1",
            "min.insync.replicas=1",
            "allow.everyone.if.no.acl.found=true",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_cluster_id_never_looks_like_an_option() {
        assert_eq!(cluster_id([0xff; 16]).len(), 22);
        assert!(!cluster_id([0xff; 16]).starts_with('-'));
    }
}
