//! Networks that somebody may be in.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::section::{Problem, Read, Value};
use crate::values::text;

/// A list of networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

// === impl Networks ===

impl Networks {
    /// Whether an address is in one of them. An IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.1`), as
    /// sockets for both do, counts as the IPv4 one that it is.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

/// A network such as `198.51.100.0/24` or `2001:db8::/32`, or one address.
pub(crate) fn network(value: &Value<'_>) -> Read<IpNet> {
    let written = text(value)?;
    let parsed = written.parse::<IpNet>().or_else(|_| written.parse::<IpAddr>().map(IpNet::from));
    let network = parsed.map_err(|_| {
        Problem::new(format!(
            "is '{written}', must be a network such as '198.51.100.0/24' or '2001:db8::/32', or one address"
        ))
    })?;
    // `10.0.0.1/8` is a slip of the hand: either the host or the whole network is meant.
    if network.trunc() != network {
        let whole = network.trunc();
        return Err(Problem::new(format!(
            "is '{written}', which has more than its network: write '{whole}' for the network, or '{}' for the address",
            network.addr()
        )));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_the_networks_that_hold_it_however_it_is_written() {
        let networks: Networks = ["198.51.100.0/24", "2001:db8::/32", "192.0.2.7/32"]
            .iter()
            .map(|written| written.parse().unwrap())
            .collect();
        for (address, inside) in [
            ("198.51.100.255", true),
            ("::ffff:198.51.100.1", true),
            ("198.51.101.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
        ] {
            assert_eq!(networks.contain(address.parse().unwrap()), inside, "{address}");
        }
        assert!(!Networks::default().contain("127.0.0.1".parse().unwrap()));
    }
}
