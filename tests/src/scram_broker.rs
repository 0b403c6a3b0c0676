//! A broker of one's own with a listener that asks for a password (SASL/SCRAM).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use trunkline_rig::kafka::properties::{self, ORDINARY, Ports};
use trunkline_rig::kafka::{Broker, Java};
use trunkline_rig::ports::free;
use trunkline_rig::process::Process;

use crate::wait::until;

/// A broker with two listeners: one for the test, and one that asks for a user's password.
#[derive(Debug)]
pub struct ScramBroker {
    java: Java,
    broker: Broker,
    /// `host:port` of the listener that asks for a password.
    pub address: String,
    port: u16,
    /// Ends with this.
    _process: Process,
}

/// The user whose password it asks for.
pub const USER: &str = "trunkline";
/// So long a connection may go on before its client has to show the password again. Clients whose password has changed
/// meanwhile have to have the new one then.
const PROVEN_FOR: Duration = Duration::from_secs(8);
/// Within this a client that was refused tries again: librdkafka's `reconnect.backoff.max.ms`, and a second for the
/// login.
const TRIED_AGAIN_WITHIN: Duration = Duration::from_secs(11);
/// Makes the broker's log tell each login.
const LOGINS_LOGGED: &str = "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.network.Selector=debug";

// === impl ScramBroker ===

impl ScramBroker {
    /// Starts one in a folder of its own below `folder`, where the user has this password.
    ///
    /// # Errors
    /// When Kafka's classes are not told (`./run test` does), or it does not start.
    pub async fn start(folder: &Path, password: &str) -> Result<Self> {
        let read = |name: &str| {
            std::env::var(name).with_context(|| format!("{name} is not set: run this with `./run test`"))
        };
        let java = Java::new(read("TRUNKLINE_KAFKA_CLASSPATH")?, &read("TRUNKLINE_KAFKA_JVM")?);
        let ports = free(3)?;
        let cluster = [Ports { controller: ports[0], direct: ports[1], processors: Vec::new() }];
        let home = folder.join("scram-broker");
        let broker = Broker::prepare(&home, 0, &cluster, &ORDINARY)?;
        let settings = home.join("server.properties");
        let listeners = listeners(&ports);
        // A setting that stands twice is the later one.
        let text = std::fs::read_to_string(&settings)? + &listeners;
        std::fs::write(&settings, text)?;
        broker.format(&java, &properties::cluster_id(*b"0123456789abcdef")).await?;
        let mut telling = java.clone();
        telling.options.push(LOGINS_LOGGED.to_owned());
        let process = broker.start(&telling)?;
        until("the broker with passwords is up", async || Ok(broker.has_started().then_some(()))).await?;
        let (port, address) = (ports[2], format!("127.0.0.1:{}", ports[2]));
        let started = Self { java, broker, address, port, _process: process };
        started.change_password(password).await?;
        Ok(started)
    }

    /// `host:port` of the listener that asks for nothing.
    pub fn direct(&self) -> &str {
        &self.broker.address
    }

    /// Gives the user another password, as an operator does; from then on no other is accepted.
    ///
    /// # Errors
    /// When Kafka's tool fails; the message holds what it printed.
    pub async fn change_password(&self, password: &str) -> Result<()> {
        let credential = format!("SCRAM-SHA-512=[iterations=4096,password={password}]");
        let output = self
            .java
            .command()
            .args(["kafka.admin.ConfigCommand", "--bootstrap-server", self.direct(), "--alter"])
            .args(["--entity-type", "users", "--entity-name", USER, "--add-config", &credential])
            .output()
            .await
            .context("cannot run java")?;
        let printed = [output.stdout, output.stderr].concat();
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&printed));
        Ok(())
    }

    /// Waits until every client has shown the password again, and none a wrong one, for as long as a connection may go
    /// on before its client has to.
    ///
    /// # Errors
    /// When there is no connection, or they do not.
    pub async fn all_log_in_again(&self) -> Result<()> {
        let mut stretch = self.stretch()?;
        ensure!(!stretch.open.is_empty(), "nobody is connected to {}", self.address);
        let what = format!("all of {} clients log in again, and none is refused", stretch.open.len());
        until(&what, async || {
            let now = self.stretch()?;
            if now.refused > stretch.refused {
                // Whoever is refused tries again: from now on nobody may be.
                stretch = now;
                return Ok(None);
            }
            Ok(stretch.has_proven_all(&now).then_some(()))
        })
        .await
    }

    /// What begins now.
    fn stretch(&self) -> Result<Stretch> {
        let log = std::fs::read_to_string(&self.broker.log)?;
        let again = log.matches("Successfully re-authenticated with").count();
        Ok(Stretch { began: Instant::now(), refused: refusals(&log), again, open: connections(self.port)? })
    }

    /// How often somebody showed a wrong password.
    ///
    /// # Errors
    /// When the broker's log cannot be read.
    pub fn refused(&self) -> Result<usize> {
        Ok(refusals(&std::fs::read_to_string(&self.broker.log)?))
    }
}

/// A stretch of time in which clients log in again, as it stood when it began. Kafka's log tells of no login whose it
/// is. So nobody is to be refused in the stretch, and it is to be so long that each connection of its beginning is
/// closed or was logged in again: the broker closes those that are not, and librdkafka those that are refused.
#[derive(Debug)]
struct Stretch {
    began: Instant,
    /// So many passwords had been wrong.
    refused: usize,
    /// So often a connection had been logged in again.
    again: usize,
    /// The clients' ports of the connections that were open.
    open: BTreeSet<u16>,
}

// === impl Stretch ===

impl Stretch {
    /// Whether by `now` every client has shown the password again, and none a wrong one.
    fn has_proven_all(&self, now: &Self) -> bool {
        let kept = self.open.intersection(&now.open).count();
        now.refused == self.refused
            && now.began.duration_since(self.began) >= PROVEN_FOR.max(TRIED_AGAIN_WITHIN)
            && now.again >= self.again + kept
            && !now.open.is_empty()
    }
}

/// How often a broker's log says that a password was wrong, at the first login of a connection or a later one.
fn refusals(log: &str) -> usize {
    ["Failed authentication with", "Failed re-authentication with"]
        .iter()
        .map(|words| log.matches(words).count())
        .sum()
}

/// The other ends' ports of the connections to a port of this machine that are established, as the system tells of its
/// sockets (proc_net_tcp(5): number, local and remote address with ports in hexadecimal digits, state).
fn connections(port: u16) -> Result<BTreeSet<u16>> {
    const ESTABLISHED: &str = "01";
    let (sockets, local) = (["/proc/net/tcp", "/proc/net/tcp6"], format!(":{port:04X}"));
    let open = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().take(4).collect();
        match fields.as_slice() {
            [_, own, other, ESTABLISHED] if own.ends_with(&local) => {
                u16::from_str_radix(other.rsplit_once(':')?.1, 16).ok()
            }
            _ => None,
        }
    };
    // Without IPv6 there is no second one.
    let there = sockets.iter().filter(|path| Path::new(path).exists());
    let texts = there.map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.iter().flat_map(|text| text.lines()).filter_map(open).collect())
}

fn listeners(ports: &[u16]) -> String {
    let mut text = String::from("\n");
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "listeners=CONTROLLER://127.0.0.1:{},DIRECT://127.0.0.1:{},LOGIN://127.0.0.1:{}\n\
         advertised.listeners=DIRECT://127.0.0.1:{},LOGIN://127.0.0.1:{}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,DIRECT:PLAINTEXT,LOGIN:SASL_PLAINTEXT\n\
         sasl.enabled.mechanisms=SCRAM-SHA-512\n\
         listener.name.login.scram-sha-512.sasl.jaas.config=\
         org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
         listener.name.login.connections.max.reauth.ms={}\n",
        ports[0],
        ports[1],
        ports[2],
        ports[1],
        ports[2],
        PROVEN_FOR.as_millis(),
    );
    text
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn connections_to_a_port_are_those_that_are_open_now() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        assert_eq!(connections(address.port())?, BTreeSet::new());
        let clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
        let accepted = [listener.accept()?, listener.accept()?];
        let ports = clients.iter().map(|client| Ok(client.local_addr()?.port())).collect::<Result<_>>()?;
        assert_eq!(connections(address.port())?, ports);
        drop((accepted, clients));
        assert_eq!(connections(address.port())?, BTreeSet::new());
        Ok(())
    }

    #[test]
    fn a_wrong_password_counts_whether_its_connection_had_been_logged_in_or_not() {
        let log = "Successfully authenticated with /127.0.0.1\n\
                   Failed authentication with /127.0.0.1 (wrong)\n\
                   Failed re-authentication with /127.0.0.1 (wrong)\n";
        assert_eq!(refusals(log), 2);
    }

    #[test]
    fn all_have_logged_in_again_when_each_connection_had_to_and_nobody_was_refused() {
        let began = Instant::now();
        let stretch = |seconds, refused, again, open: &[u16]| Stretch {
            began: began + Duration::from_secs(seconds),
            refused,
            again,
            open: open.iter().copied().collect(),
        };
        let first = stretch(0, 3, 5, &[1, 2]);
        for (now, expected) in [
            (stretch(12, 3, 7, &[1, 2]), true),
            (stretch(12, 3, 7, &[1, 2, 3]), true),
            (stretch(12, 3, 6, &[1, 3]), true),
            (stretch(12, 3, 5, &[3]), true),
            // One logged in twice before the other had to.
            (stretch(8, 3, 7, &[1, 2]), false),
            (stretch(12, 3, 6, &[1, 2]), false),
            (stretch(12, 4, 7, &[1, 2]), false),
            (stretch(12, 3, 7, &[]), false),
        ] {
            assert_eq!(first.has_proven_all(&now), expected, "{now:?}");
        }
    }
}
