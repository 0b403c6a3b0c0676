//! From one agent to another: transfers, consults and conferences.

use super::lives::Lives;
use super::point::Point;
use super::reported::Disconnect;
use super::session::Session;

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

/// The agent who has the conversation, as the sessions so far tell it.
struct Holding {
    agent: u64,
    life: usize,
    /// Open while there is none; UTC milliseconds.
    end: Option<i64>,
    disconnect: Disconnect,
}

// === impl Transfers ===

impl Transfers {
    /// Counts them.
    pub(super) fn of(sessions: &[Session<'_>], lives: &Lives) -> Self {
        let mut counted = Self::default();
        let answered = sessions.iter().filter(|session| session.is_answered());
        let mut answered: Vec<(u64, &Session<'_>)> =
            answered.filter_map(|session| Some((session.agent?, session))).collect();
        if answered.len() < 2 {
            return counted;
        }
        answered.sort_unstable_by_key(|(agent, session)| {
            let end = end_of(session.end.map(time));
            (lives.at(session.start), session.start.time, end, *agent, session.disconnect)
        });
        let mut holding: Option<Holding> = None;
        for (agent, session) in answered {
            let life = lives.at(session.start);
            let Session { end, disconnect, .. } = *session;
            let next = Holding { agent, life, end: end.map(time), disconnect };
            match &mut holding {
                Some(held) if held.life == life => {
                    if counted.goes_on(held, &next, session.start.time) {
                        *held = next;
                    }
                }
                _ => holding = Some(next),
            }
        }
        counted
    }

    /// Counts what the next agent's session is to the one who has the conversation. Whether the next agent has it then.
    fn goes_on(&mut self, held: &mut Holding, next: &Holding, start: i64) -> bool {
        let (until, next_until) = (end_of(held.end), end_of(next.end));
        if next.agent == held.agent {
            if next_until == until {
                held.disconnect = held.disconnect.max(next.disconnect);
            }
            return next_until > until;
        }
        let conference = held.disconnect.is_conference() || next.disconnect.is_conference();
        if until <= start {
            self.transferred(held.disconnect);
            return true;
        }
        if until == next_until {
            self.conferences += i32::from(conference);
            return false;
        }
        if next_until < until {
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

fn time(point: Point) -> i64 {
    point.time
}

fn end_of(end: Option<i64>) -> i64 {
    end.unwrap_or(i64::MAX)
}
