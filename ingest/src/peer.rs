//! Who is at the other end of a connection, as bounds count them.

use std::net::IpAddr;

/// An IPv4 address, or the first 64 bits of an IPv6 address, which one network has to itself (RFC 6177 leaves no end
/// site less).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An IPv4 address, also one that is written as IPv6.
    V4([u8; 4]),
    /// The first half of an IPv6 address.
    V6([u8; 8]),
}

// === impl Peer ===

impl Peer {
    /// Whose an address is.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let mut network = [0; 8];
                network.copy_from_slice(&address.octets()[..8]);
                Self::V6(network)
            }
        }
    }
}
