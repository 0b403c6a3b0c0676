//! A broker of one's own with a listener that asks for a password (SASL/SCRAM).

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

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

    /// Waits until as many clients have shown their password again as there are connections now: each has to within
    /// [`PROVEN_FOR`], and one that is closed instead is made again and has to as well.
    ///
    /// # Errors
    /// When there is no connection, or they do not.
    pub async fn all_log_in_again(&self) -> Result<()> {
        let (open, before) = (connections(self.port)?, self.logins_again()?);
        ensure!(open > 0, "nobody is connected to {}", self.address);
        until(&format!("{open} clients have logged in again"), async || {
            Ok((self.logins_again()? >= before + open).then_some(()))
        })
        .await
    }

    fn logins_again(&self) -> Result<usize> {
        self.logged("Successfully re-authenticated with")
    }

    /// How often somebody showed a wrong password.
    ///
    /// # Errors
    /// When the broker's log cannot be read.
    pub fn refused(&self) -> Result<usize> {
        self.logged("Failed authentication with")
    }

    fn logged(&self, words: &str) -> Result<usize> {
        Ok(std::fs::read_to_string(&self.broker.log)?.matches(words).count())
    }
}

/// How many connections to a port of this machine are established, as the system tells of its sockets (proc_net_tcp(5):
/// number, local and remote address with ports in hexadecimal digits, state).
fn connections(port: u16) -> Result<usize> {
    const ESTABLISHED: &str = "01";
    let (sockets, local) = (["/proc/net/tcp", "/proc/net/tcp6"], format!(":{port:04X}"));
    let is_open = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().take(4).collect();
        matches!(fields.as_slice(), [_, own, _, ESTABLISHED] if own.ends_with(&local))
    };
    // Without IPv6 there is no second one.
    let there = sockets.iter().filter(|path| Path::new(path).exists());
    let texts = there.map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.iter().flat_map(|text| text.lines()).filter(|line| is_open(line)).count())
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
        assert_eq!(connections(address.port())?, 0);
        let clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
        let accepted = [listener.accept()?, listener.accept()?];
        assert_eq!(connections(address.port())?, accepted.len());
        drop((accepted, clients));
        assert_eq!(connections(address.port())?, 0);
        Ok(())
    }
}
