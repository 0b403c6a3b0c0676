//! Ports for servers that are killed and come back.

use std::net::TcpListener;

use anyhow::bail;
use rand::RngExt as _;

/// Below the range that outgoing connections take theirs from (32768 and up on Linux, 49152 elsewhere): nobody takes a
/// port away while its server is dead.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
/// With this many ports tried in vain the machine has none left.
const ATTEMPTS: usize = 10_000;

/// So many different ports that nobody listens on.
///
/// # Errors
/// When there are not enough.
pub fn free(count: usize) -> anyhow::Result<Vec<u16>> {
    // All are held until all are found, so that none comes twice.
    let mut held = Vec::new();
    for _ in 0..ATTEMPTS {
        if held.len() == count {
            break;
        }
        let port = rand::rng().random_range(RANGE);
        held.extend(TcpListener::bind(("127.0.0.1", port)).map(|listener| (port, listener)));
    }
    if held.len() < count {
        bail!("only {} of {count} ports between {} and {} are free", held.len(), RANGE.start, RANGE.end);
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_comes_twice() {
        let mut ports = free(50).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }
}
