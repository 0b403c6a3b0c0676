//! Records that have their transaction aborted each time: they are found, and put aside step by step, so that all
//! others go on. [`Isolation`] finds them.
//!
//! A record that is aborted alone, while nothing shows yet that others are committed, is tried in turns whole and
//! short: the two go to the same topics, so that a short one that is committed proves that the whole was the
//! trouble. Without its result a record is passed on only when it is certain that the results of others are taken.

use std::collections::{BTreeMap, HashSet};

use trunkline_kafka::isolation::{Isolation, Item, Scope};
use trunkline_schemas::error_codes;

use super::Worker;
use crate::command::Ended;
use crate::lanes::{Lanes, Plan};
use crate::metrics;
use crate::outputs::{Form, put_aside_report};
use crate::ports::{GroupOffsets, SavedState, TargetCalls};
use crate::transactions::{Forms, Place, place_of};

/// A record whose very place is refused is left out for so long before it is tried again, in milliseconds.
const LEFT_OUT_MS: i64 = 60_000;

/// What is said of a record that was found by bisection.
pub(super) const ABORTED: &str = "its transaction is aborted each time, and those of others are not";

/// Bits of [`Item::kinds`]: results and dead letters.
const RESULT: u32 = 1;
const LETTER: u32 = 2;

/// So often a record is aborted alone, with others committed between, before less of it is tried for good.
const ALONE_MAX: u32 = 2;

/// What is known of records that cannot be passed on.
pub(super) struct Troubles {
    pub(super) isolation: Isolation<Place>,
    pub(super) forms: Forms,
    /// Records that are left out of transactions until a time (UTC milliseconds).
    left_out: BTreeMap<Place, i64>,
}

// === impl Troubles ===

impl Default for Troubles {
    fn default() -> Self {
        Self { isolation: Isolation::new(ALONE_MAX), forms: Forms::new(), left_out: BTreeMap::new() }
    }
}

impl Troubles {
    /// What the next transaction should hold.
    pub(super) fn plan(&mut self, lanes: &mut Lanes, now_ms: i64) -> Option<Plan> {
        self.left_out.retain(|_, until_ms| *until_ms > now_ms);
        if !self.isolation.is_looking() && self.left_out.is_empty() {
            return lanes.plan();
        }
        let available: Vec<Item<Place>> = lanes
            .ended()
            .map(|ended| self.item(ended))
            .filter(|item| !self.left_out.contains_key(&item.key))
            .collect();
        match self.isolation.scope(&available) {
            Scope::All => lanes.plan_part(|ended| !self.left_out.contains_key(&place_of(ended))),
            Scope::Only(places) => {
                let places: HashSet<Place> = places.into_iter().collect();
                lanes.plan_part(|ended| places.contains(&place_of(ended)))
            }
        }
    }

    /// A plan was committed.
    pub(super) fn committed(&mut self, plan: &Plan) {
        let items = self.items(plan);
        self.isolation.committed(&items);
        if !self.forms.is_empty() {
            items.iter().for_each(|item| drop(self.forms.remove(&item.key)));
        }
    }

    /// A plan was aborted. Returns the record that is the cause, if that is certain.
    pub(super) fn aborted(&mut self, plan: &Plan) -> Option<Place> {
        let was_looking = self.isolation.is_looking();
        let items = self.items(plan);
        let cause = self.isolation.aborted(&items);
        if let ([alone], None, true) = (items.as_slice(), &cause, was_looking) {
            match self.forms.get(&alone.key).map(|(form, _)| *form) {
                None => drop(self.forms.insert(alone.key.clone(), (Form::Short, ABORTED.to_owned()))),
                Some(Form::Short) => drop(self.forms.remove(&alone.key)),
                Some(Form::Whole | Form::Place) => {}
            }
        }
        cause
    }

    /// Less of a record is tried from now on. False when there is no less: it is left out for a while.
    pub(super) fn try_less(&mut self, place: &Place, reason: String, now_ms: i64) -> bool {
        let form = match self.forms.get(place).map_or(Form::Whole, |(form, _)| *form) {
            Form::Whole => Form::Short,
            Form::Short => Form::Place,
            Form::Place => {
                self.left_out.insert(place.clone(), now_ms.saturating_add(LEFT_OUT_MS));
                return false;
            }
        };
        self.forms.insert(place.clone(), (form, reason));
        true
    }

    fn items(&self, plan: &Plan) -> Vec<Item<Place>> {
        plan.ended.iter().map(|ended| self.item(ended)).collect()
    }

    fn item(&self, ended: &Ended) -> Item<Place> {
        let key = place_of(ended);
        let form = self.forms.get(&key).map_or(Form::Whole, |(form, _)| *form);
        let kinds = match (ended, form) {
            (Ended::Poison(_), _) | (_, Form::Place) => LETTER,
            (Ended::Command { ending, .. }, Form::Whole) if !ending.is_dead_letter() => RESULT,
            (Ended::Command { .. }, _) => RESULT | LETTER,
        };
        Item { key, kinds }
    }
}

impl<B: GroupOffsets, S: SavedState, C: TargetCalls> Worker<B, S, C> {
    /// What came of this record is not taken by the brokers: less of it is passed on from now on.
    pub(super) fn put_aside(&mut self, place: &Place, reason: &str) {
        let now_ms = self.clock.now_ms();
        let (partition, offset) = place;
        let code = error_codes::PUT_ASIDE.as_str();
        tracing::error!(code, %partition, offset, reason, "what came of a record is refused");
        metrics::put_aside();
        if !self.state.troubles.try_less(place, reason.to_owned(), now_ms)
            && let Some(ended) = self.lanes.ended().find(|ended| place_of(ended) == *place)
        {
            let reason = format!("not even its place is taken ({reason}); it is tried again each minute");
            let report = put_aside_report(ended, &reason, self.reporter.instance());
            self.state.pending.push(report);
        }
    }
}
