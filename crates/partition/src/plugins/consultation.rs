//! A request that waits: where each plugin that is asked stands with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_plugin::{Actions, Lookup, LookupAnswer};
use trunkline_rules::Answer;
use trunkline_schemas::{EnrichedEvent, SourceStatus};

/// A request that waits.
#[derive(Debug)]
pub(super) struct Consultation {
    pub(super) partition: i32,
    pub(super) number: u64,
    /// UTC milliseconds.
    pub(super) asked_at: i64,
    pub(super) event: Arc<EnrichedEvent>,
    /// Whose profile the event gets.
    pub(super) customer: Option<String>,
    /// W3C trace context of the event's record.
    pub(super) traceparent: Option<String>,
    /// Plugins that were asked or not, in the order of their names.
    pub(super) turns: Vec<(usize, Turn)>,
}

/// Where a plugin stands with a request.
#[derive(Debug)]
pub(super) enum Turn {
    /// It has the question; for the second time where there is something that it wanted before.
    Asked {
        /// What it wanted before its lookups.
        before: Option<Actions>,
    },
    /// It waits for lookups.
    LookingUp(Lookups),
    /// There is its answer, or why there is none.
    Done(Answer),
}

/// The lookups that a plugin wants for an event.
#[derive(Debug)]
pub(super) struct Lookups {
    /// What it wants beside.
    wants: Actions,
    /// Each with its answer once there is one.
    lookups: Vec<(Lookup, Option<LookupAnswer>)>,
}

// === impl Consultation ===

impl Consultation {
    /// Where a plugin stands; `None` where it need not be waited for.
    pub(super) fn turn(&mut self, plugin: usize) -> Option<&mut Turn> {
        self.turns.iter_mut().find(|(asked, _)| *asked == plugin).map(|(_, turn)| turn)
    }

    /// Nobody waits for a plugin.
    pub(super) fn leave_out(&mut self, plugin: usize) {
        self.turns.retain(|(asked, _)| *asked != plugin);
    }

    /// Whether all have answered.
    pub(super) fn is_complete(&self) -> bool {
        self.turns.iter().all(|(_, turn)| matches!(turn, Turn::Done(_)))
    }

    /// The answers that there are.
    pub(super) fn into_answers(self) -> Vec<Answer> {
        answers(self.turns)
    }
}

/// The answers that there are.
pub(super) fn answers(turns: Vec<(usize, Turn)>) -> Vec<Answer> {
    let answer = |turn| match turn {
        Turn::Done(answer) => Some(answer),
        Turn::Asked { .. } | Turn::LookingUp(_) => None,
    };
    turns.into_iter().filter_map(|(_, turn)| answer(turn)).collect()
}

// === impl Lookups ===

impl Lookups {
    /// None of them is answered yet.
    pub(super) fn new(wants: Actions, lookups: Vec<Lookup>) -> Self {
        Self { wants, lookups: lookups.into_iter().map(|lookup| (lookup, None)).collect() }
    }

    /// Takes in an answer. The source's name; `None` where it is not waited for any more.
    pub(super) fn answer(
        &mut self,
        nth: usize,
        status: SourceStatus,
        values: BTreeMap<String, String>,
    ) -> Option<String> {
        let (lookup, answer) = self.lookups.get_mut(nth).filter(|(_, answer)| answer.is_none())?;
        *answer = Some(LookupAnswer { lookup: lookup.clone(), status, values });
        Some(lookup.source.clone())
    }

    /// Those without an answer.
    pub(super) fn unanswered(&self) -> Vec<usize> {
        let nth =
            |(nth, (_, answer)): (usize, &(Lookup, Option<LookupAnswer>))| answer.is_none().then_some(nth);
        self.lookups.iter().enumerate().filter_map(nth).collect()
    }

    /// What the plugin wants beside, and the answers.
    pub(super) fn finish(self) -> (Actions, Vec<LookupAnswer>) {
        (self.wants, self.lookups.into_iter().filter_map(|(_, answer)| answer).collect())
    }
}
