//! Ports for servers that are killed and come back.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use anyhow::bail;
use rand::RngExt as _;

/// Below the range that outgoing connections take theirs from (32768 and up on Linux, 49152 elsewhere): nobody takes a
/// port away while its server is dead.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
/// With this many ports tried in vain the machine has none left.
const ATTEMPTS: usize = 10_000;

/// What this process has handed out: between two lives of its server nobody listens on a port, and yet it is not free.
static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// So many different ports that nobody listens on and that were never handed out in this process.
///
/// The port is for a server in a process of its own, which listens later. Who listens in this process binds port 0: the
/// listener that this function tries a port with may live on, for the blink of an eye, in a child that another thread
/// is just starting.
///
/// # Errors
/// When there are not enough.
pub fn free(count: usize) -> anyhow::Result<Vec<u16>> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = Vec::new();
    for _ in 0..ATTEMPTS {
        let port = rand::rng().random_range(RANGE);
        if !taken.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            taken.insert(port);
            found.push(port);
        }
        if found.len() == count {
            return Ok(found);
        }
    }
    bail!("only {} of {count} ports between {} and {} are free", found.len(), RANGE.start, RANGE.end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_comes_twice() {
        let ports: BTreeSet<u16> = (0..50).flat_map(|_| free(2).unwrap()).collect();
        assert_eq!(ports.len(), 100);
    }
}
