//! The events of one entity on their way: held by their channels, then in line for their emission.

use std::collections::{HashSet, VecDeque};

use trunkline_config::OrderMode;
use trunkline_profiles::AtHand;
use trunkline_rules::Answer;

use super::Arrived;
use crate::conversation::Causes;
use crate::entity::Statement;
use crate::order::{Channel, ChannelOrder, Passed};

/// Events of one entity on their way.
pub(super) struct Lane {
    /// In the order of their names, so that a replay takes from them in the same order. One or two, mostly.
    channels: Vec<(String, Channel<Box<Arrived>>)>,
    /// Let through by their channels; emitted from the front.
    pub(super) ready: VecDeque<(OrderMode, Passed<Box<Arrived>>)>,
    /// What the conversation will have seen after what is ready.
    seen: Causes,
    pub(super) pending: HashSet<u128, foldhash::fast::RandomState>,
    pub(super) wait: Option<Wait>,
    /// What the head of those that are ready says, once that was looked at; `None` within it where it is not compared.
    pub(super) statement: Option<Option<Statement>>,
}

/// What the head of a lane waits for.
pub(super) enum Wait {
    /// Its customer's profile, until then at the latest (UTC milliseconds).
    Profile { customer: String, until: i64 },
    /// The plugins that want to see it; they are given up elsewhere.
    Plugins { at_hand: AtHand, answers: Option<Vec<Answer>> },
}

/// What the head of a lane is emitted with.
pub(super) struct Resolved {
    pub(super) at_hand: AtHand,
    pub(super) answers: Vec<Answer>,
}

// === impl Lane ===

impl Lane {
    pub(super) fn new(seen: Causes) -> Self {
        Self {
            channels: Vec::new(),
            ready: VecDeque::new(),
            seen,
            pending: HashSet::default(),
            wait: None,
            statement: None,
        }
    }

    /// The channel of this name, and what the conversation has seen; a new channel goes on from `order`.
    pub(super) fn channel(
        &mut self,
        name: &str,
        mode: OrderMode,
        hold_ms: i64,
        order: impl FnOnce() -> ChannelOrder,
    ) -> (&mut Channel<Box<Arrived>>, &Causes) {
        let found = self.channels.binary_search_by(|(known, _)| known.as_str().cmp(name));
        let at = found.unwrap_or_else(|at| {
            self.channels.insert(at, (name.to_owned(), Channel::new(mode, hold_ms, order())));
            at
        });
        (&mut self.channels[at].1, &self.seen)
    }

    /// When the first hold ends.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.channels.iter().filter_map(|(_, channel)| channel.next_due()).min()
    }

    pub(super) fn admit(&mut self, mode: OrderMode, passed: Passed<Box<Arrived>>) {
        if passed.item.event.is_conversational() {
            self.seen.take(&passed.item.event);
        }
        self.ready.push_back((mode, passed));
    }

    /// Takes from the channels whatever may go on; one channel's event can be what another's waits for.
    pub(super) fn collect_ready(&mut self, time: i64) {
        loop {
            let seen = &self.seen;
            let next = self.channels.iter_mut().find_map(|(_, channel)| {
                channel.next_ready(time, seen).map(|passed| (channel.mode(), passed))
            });
            match next {
                Some((mode, passed)) => self.admit(mode, passed),
                None => return,
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.channels.iter().all(|(_, channel)| channel.is_empty())
    }
}
