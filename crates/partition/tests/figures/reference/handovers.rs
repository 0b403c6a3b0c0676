//! Who had the conversation one after the other, and who came along: written from what people say of it.
//!
//! Whoever is there when the customer leaves stayed to the end, however long their own line takes to be cleared.
//! Whoever had it and left before others, who came meanwhile, gave it to them after a word (attended); whoever came and
//! left before was asked (consult); who comes when the one before is gone took it over.

use trunkline_schemas::ConversationSummary;

use super::{Point, Session, gone};

/// An arbitrary order of agents that is the same everywhere: FNV-1a.
fn order(agent: &str) -> u64 {
    let mut hash: u64 = 14_695_981_039_346_656_037;
    for byte in agent.as_bytes() {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(1_099_511_628_211);
    }
    hash
}

/// When an agent left; those who are there when the customer is gone for good leave with the customer.
fn left(session: &Session, customers: &[Session]) -> i64 {
    let Some(end) = session.end() else { return i64::MAX };
    let mut leaving = end.0;
    for gone in gone(customers, &session.media) {
        let returns = customers.iter().any(|one| {
            let fits = one.media.is_empty() || session.media.is_empty() || one.media == session.media;
            fits && gone < one.start && one.start <= end
        });
        if session.start <= gone && gone <= end && !returns {
            leaving = leaving.min(gone.0);
        }
    }
    leaving
}

/// An agent's part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    life: usize,
    came: i64,
    left: i64,
    order: u64,
    how: u8,
    agent: String,
}

pub(super) fn count_transfers(
    answered: &[&Session],
    customers: &[Session],
    openings: &[Point],
    summary: &mut ConversationSummary,
) {
    let part = |session: &&&Session| Part {
        life: openings.iter().filter(|opening| **opening <= session.start).count(),
        came: session.start.0,
        left: left(session, customers),
        order: order(&session.agent),
        how: session.how,
        agent: session.agent.clone(),
    };
    let named = answered.iter().filter(|session| !session.agent.is_empty());
    let mut parts: Vec<Part> = named.map(|session| part(&session)).collect();
    parts.sort();
    let (mut blind, mut attended, mut other, mut consults, mut conferences) = (0, 0, 0, 0, 0);
    for life in 0..=openings.len() {
        let mut parts = parts.iter().filter(|part| part.life == life);
        let Some(mut has_it) = parts.next().cloned() else { continue };
        for comes in parts {
            let together = [4, 5].contains(&has_it.how) || [4, 5].contains(&comes.how);
            if comes.agent == has_it.agent {
                // One who comes again before having left stays as long as the longer of both.
                if comes.left > has_it.left {
                    has_it = comes.clone();
                } else if comes.left == has_it.left {
                    has_it.how = has_it.how.max(comes.how);
                }
            } else if has_it.left <= comes.came {
                match has_it.how {
                    0 | 2 | 4 | 6 => blind += 1,
                    3 => attended += 1,
                    _ => other += 1,
                }
                has_it = comes.clone();
            } else {
                conferences += i32::from(together);
                match comes.left.cmp(&has_it.left) {
                    std::cmp::Ordering::Equal => {}
                    std::cmp::Ordering::Less => consults += i32::from(!together),
                    std::cmp::Ordering::Greater => {
                        attended += 1;
                        has_it = comes.clone();
                    }
                }
            }
        }
    }
    summary.transfers = blind + attended + other;
    summary.blind_transfers = Some(blind);
    summary.attended_transfers = Some(attended);
    summary.consults = Some(consults);
    summary.conferences = Some(conferences);
}
