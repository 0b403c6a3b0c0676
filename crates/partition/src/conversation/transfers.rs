//! From one agent to another: transfers, consults and conferences.

use super::lives::Lives;
use super::reported::Disconnect;
use super::session::{self, Session};

/// How often what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Transfers {
    /// Transfers of every kind.
    pub(super) all: i32,
    pub(super) blind: i32,
    pub(super) attended: i32,
    pub(super) consults: i32,
    pub(super) conferences: i32,
}

/// How long an agent who answered had a part in the conversation.
struct Stay {
    agent: u64,
    life: usize,
    /// UTC milliseconds.
    start: i64,
    /// The end of time while there is none; not after the customer, who takes all agents along.
    until: i64,
    disconnect: Disconnect,
}

// === impl Transfers ===

impl Transfers {
    /// Counts them.
    pub(super) fn of(sessions: &[Session<'_>], lives: &Lives) -> Self {
        let mut counted = Self::default();
        let answered = sessions.iter().filter(|session| session.is_answered());
        let mut stays: Vec<Stay> =
            answered.filter_map(|session| Stay::of(session, sessions, lives)).collect();
        if stays.len() < 2 {
            return counted;
        }
        stays.sort_unstable_by_key(|stay| (stay.life, stay.start, stay.until, stay.agent, stay.disconnect));
        let mut holding: Option<Stay> = None;
        for next in stays {
            match &mut holding {
                Some(held) if held.life == next.life => {
                    if counted.goes_on(held, &next) {
                        *held = next;
                    }
                }
                _ => holding = Some(next),
            }
        }
        counted
    }

    /// Counts what the next agent's stay is to the one who has the conversation. Whether the next agent has it then.
    fn goes_on(&mut self, held: &mut Stay, next: &Stay) -> bool {
        if next.agent == held.agent {
            if next.until == held.until {
                held.disconnect = held.disconnect.max(next.disconnect);
            }
            return next.until > held.until;
        }
        let conference = held.disconnect.is_conference() || next.disconnect.is_conference();
        if held.until <= next.start {
            self.transferred(held.disconnect);
            return true;
        }
        if held.until == next.until {
            self.conferences += i32::from(conference);
            return false;
        }
        if next.until < held.until {
            self.conferences += i32::from(conference);
            self.consults += i32::from(!conference);
            return false;
        }
        self.all += 1;
        self.attended += 1;
        self.conferences += i32::from(conference);
        true
    }

    fn transferred(&mut self, by: Disconnect) {
        self.all += 1;
        match by {
            Disconnect::Consult => self.attended += 1,
            Disconnect::Untold
            | Disconnect::Transfer
            | Disconnect::TransferConference
            | Disconnect::NoAnswer => self.blind += 1,
            Disconnect::Other | Disconnect::ConferenceTransfer => {}
        }
    }
}

// === impl Stay ===

impl Stay {
    /// That of a session; none of nobody knows whom.
    fn of(session: &Session<'_>, all: &[Session<'_>], lives: &Lives) -> Option<Self> {
        Some(Self {
            agent: session.agent?,
            life: lives.at(session.start),
            start: session.start.time,
            until: session::end_beside(session, all).map_or(i64::MAX, |end| end.time),
            disconnect: session.disconnect,
        })
    }
}
