//! One source channel of one conversation, event by event in published order.

use super::arrivals::Arrivals;
use super::ties;
use super::time::happened;
use crate::conversation::Conversation;
use crate::evidence::{Enriched, Fact};
use crate::report::Verdict;

/// What was published so far.
#[derive(Debug, Default)]
pub(super) struct Channel<'a> {
    /// The event that happened last.
    furthest: Option<&'a Enriched>,
    /// The greatest number.
    sequence: Option<i64>,
}

/// What is known of an entity's events besides those that were published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'s, 'a> {
    /// When each arrived.
    pub(super) arrivals: &'s Arrivals<'a>,
    /// Repetitions that were not published: they count for what is late.
    pub(super) suppressed: &'s [&'a Fact],
}

/// An event with what is around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'s, 'a> {
    pub(super) key: &'s str,
    pub(super) event: &'a Enriched,
    /// Events of the same entity that were published before it.
    pub(super) before: &'s [&'a Enriched],
    pub(super) around: Surroundings<'s, 'a>,
    /// The longest time that its source's events are held; milliseconds.
    pub(super) hold_ms: i64,
    /// Whether its conversation, as published so far, has what such an event needs before it.
    pub(super) admitted: bool,
    /// Whether `before` goes back to the beginning.
    pub(super) complete: bool,
    /// Whether it is one of those to be judged; else it only stands before or after them.
    pub(super) judged: bool,
}

// === impl Channel ===

impl<'a> Channel<'a> {
    /// By time, after a hold; equal times by cause, then by arrival.
    pub(super) fn sorted(&mut self, seen: &Seen<'_, 'a>, verdict: &mut Verdict) {
        self.judge_time(seen, verdict);
        if seen.event.ordering.gap_before {
            seen.object(
                "gap-without-reason",
                verdict,
                "is marked as following a gap, and its source has no order that shows one",
            );
        }
        if let Some(furthest) = self.furthest
            && happened(&furthest.fact) == happened(&seen.event.fact)
            && !seen.event.ordering.late
        {
            seen.judge_tie(furthest, verdict);
        }
        if seen.event.ordering.late {
            let belongs_after = |other: &Enriched| happened(&other.fact) > happened(&seen.event.fact);
            seen.judge_lateness(verdict, |other| belongs_after(other) && seen.hold_was_over(other));
        }
        self.advance(seen.event);
    }

    /// At once, unless something is missing that must come before.
    pub(super) fn causal(&mut self, seen: &Seen<'_, 'a>, verdict: &mut Verdict) {
        self.judge_time(seen, verdict);
        self.judge_gap_of_causes(seen, verdict);
        if seen.event.ordering.late {
            let belongs_after = |other: &Enriched| happened(&other.fact) > happened(&seen.event.fact);
            let waited = seen.had_to_wait();
            seen.judge_lateness(verdict, |other| {
                let overtaken = waited
                    || seen.around.arrivals.came_before(&other.fact, &seen.event.fact)
                        && (!other.ordering.gap_before || seen.hold_was_over(other));
                belongs_after(other) && overtaken
            });
        }
        self.advance(seen.event);
    }

    /// By the source's own numbers; what is missing is waited for, then marked.
    pub(super) fn sequenced(&mut self, seen: &Seen<'_, 'a>, verdict: &mut Verdict) {
        let ordering = &seen.event.ordering;
        let Some(sequence) = seen.event.fact.sequence else {
            self.judge_time(seen, verdict);
            return self.advance(seen.event);
        };
        let expected = match self.sequence {
            Some(last) => Some(last + 1),
            // Sources number from 1 (DESIGN 5.2).
            None => seen.complete.then_some(1),
        };
        if let Some(expected) = expected {
            let (behind, gap) = (self.sequence.is_some() && sequence < expected, sequence > expected);
            if behind != ordering.late {
                let kind = if behind { "out-of-order" } else { "late-without-reason" };
                seen.object(
                    kind,
                    verdict,
                    &format!("has number {sequence} where {expected} is next, and late is {}", ordering.late),
                );
            }
            if gap != ordering.gap_before {
                let kind = if gap { "gap-unmarked" } else { "gap-without-reason" };
                seen.object(
                    kind,
                    verdict,
                    &format!(
                        "has number {sequence} where {expected} is next, and gapBefore is {}",
                        ordering.gap_before
                    ),
                );
            }
            if behind && ordering.late {
                seen.judge_lateness(verdict, |other| match other.fact.sequence {
                    Some(number) => number == sequence || number > sequence && seen.hold_was_over(other),
                    None => false,
                });
            }
        }
        self.sequence = self.sequence.max(Some(sequence));
        self.advance(seen.event);
    }

    /// Not before what was published, or marked late; and late only then.
    fn judge_time(&self, seen: &Seen<'_, 'a>, verdict: &mut Verdict) {
        if seen.event.ordering.late && seen.was_overtaken_by_a_repetition() {
            return;
        }
        let Some(furthest) = self.furthest else {
            if seen.event.ordering.late && seen.complete {
                seen.object(
                    "late-without-reason",
                    verdict,
                    "is marked late, and nothing was published before it",
                );
            }
            return;
        };
        let (own, other) = (happened(&seen.event.fact), happened(&furthest.fact));
        match (own.cmp(&other), seen.event.ordering.late) {
            (std::cmp::Ordering::Less, false) => seen.object(
                "out-of-order",
                verdict,
                &format!("(eventTime {own}) comes after eventTime {other} and is not marked late"),
            ),
            (std::cmp::Ordering::Equal, true) => seen.object(
                // Put in order by their ids, as events that are sorted are not to be.
                if seen.event.ordering.mode == "SORTED" && seen.event.fact.event_id < furthest.fact.event_id {
                    "late-at-equal-time"
                } else {
                    "late-without-reason"
                },
                verdict,
                &format!(
                    "is marked late for being of the same time as event {}, {own}",
                    furthest.fact.event_id
                ),
            ),
            (std::cmp::Ordering::Greater, true) if seen.complete => {
                seen.object(
                    "late-without-reason",
                    verdict,
                    "is marked late, but nothing before it belongs behind it",
                );
            }
            _ => {}
        }
    }

    fn judge_gap_of_causes(&self, seen: &Seen<'_, 'a>, verdict: &mut Verdict) {
        let marked = seen.event.ordering.gap_before;
        // Without the beginning it is not known what came before.
        if !seen.complete || marked != seen.admitted {
            return;
        }
        let kind = if marked { "gap-without-reason" } else { "gap-unmarked" };
        seen.object(
            kind,
            verdict,
            &format!(
                "of type {} has {} before it that it needs, and gapBefore is {marked}",
                seen.event.fact.event_type,
                if marked { "everything" } else { "not everything" }
            ),
        );
    }

    fn advance(&mut self, event: &'a Enriched) {
        if self.furthest.is_none_or(|furthest| happened(&furthest.fact) <= happened(&event.fact)) {
            self.furthest = Some(event);
        }
    }
}

// === impl Seen ===

impl<'a> Seen<'_, 'a> {
    fn object(&self, kind: &'static str, verdict: &mut Verdict, what: &str) {
        if !self.judged {
            return;
        }
        let fact = &self.event.fact;
        verdict.object(kind, || {
            format!(
                "{} {}/{}: event {} at {} {what}",
                self.key, fact.source, fact.channel, fact.event_id, fact.place
            )
        });
    }

    /// Behind another of the same millisecond: it arrived later, or is an effect of it; and not the other way round
    /// while both were held.
    fn judge_tie(&self, before: &Enriched, verdict: &mut Verdict) {
        let (one, own) = (&before.fact, &self.event.fact);
        let backwards = ties::is_cause_of(own, one);
        let released = self.channel().any(|e| happened(&e.fact) >= happened(own) && self.hold_was_over(e));
        if backwards && !released && !self.begins_anew_behind(one) {
            let what = format!("comes after event {} of the same time, which is its effect", one.event_id);
            return self.object("tie-out-of-cause-order", verdict, &what);
        }
        let cause = ties::is_cause_of(one, own) && !ties::ends_another(own, one);
        if self.around.arrivals.came_before(own, one) && !cause {
            let what = format!("comes after event {} of the same time, which arrived later", one.event_id);
            self.object("tie-out-of-arrival-order", verdict, &what);
        }
    }

    /// Whether the conversation starts again between another event of its millisecond and itself: with a start of
    /// another session than one whose end had arrived before.
    fn begins_anew_behind(&self, before: &Fact) -> bool {
        let own = &self.event.fact;
        let came = |one: &Fact, other: &Fact| self.around.arrivals.came_before(one, other);
        let of_time = || {
            let channel = self.channel().map(|other| &other.fact).chain([own]);
            channel.filter(|other| happened(other) == happened(own))
        };
        let anew = |start: &Fact| of_time().any(|end| ties::ends_another(end, start) && came(end, start));
        of_time().any(|start| {
            anew(start) && came(before, start) && (start.event_id == own.event_id || came(start, own))
        })
    }

    /// Whether a repetition of its channel that was not published may have overtaken it.
    fn was_overtaken_by_a_repetition(&self) -> bool {
        let own = &self.event.fact;
        self.around.suppressed.iter().any(|other| {
            other.source == own.source
                && other.channel == own.channel
                && happened(other) > happened(own)
                && self.around.arrivals.came_before(other, own)
                && (self.event.ordering.mode != "SORTED" || self.hold_of_was_over(other))
        })
    }

    /// Late, and rightly so: some event of its channel that was published before it may have overtaken it, as
    /// `may_overtake` says. Equal times are another breach, which explains itself.
    fn judge_lateness(&self, verdict: &mut Verdict, may_overtake: impl Fn(&Enriched) -> bool) {
        let fact = &self.event.fact;
        if self.channel().any(may_overtake) || self.was_overtaken_by_a_repetition() {
            return verdict.count("late_explained", u64::from(self.judged));
        }
        let belongs_after = |other: &&Enriched| match (other.fact.sequence, fact.sequence) {
            (Some(other), Some(own)) if self.event.ordering.mode == "SEQUENCED" => other > own,
            _ => happened(&other.fact) > happened(fact),
        };
        // When something arrived that is not in the log any more is not known. That it is missing is I2's to judge.
        let arrived = |fact: &Fact| self.around.arrivals.number(fact).is_some();
        if !arrived(fact) || self.channel().filter(belongs_after).any(|other| !arrived(&other.fact)) {
            return verdict.count("late_without_arrival", u64::from(self.judged));
        }
        if self.channel().any(|other| belongs_after(&other)) {
            let by = self.around.arrivals.by(fact);
            self.object("late-in-time", verdict, &format!(
                "is marked late, but lay in the log by {by}, before the hold of {} ms of anything that overtook it was over",
                self.hold_ms
            ));
        }
    }

    fn channel(&self) -> impl Iterator<Item = &'a Enriched> {
        let own = &self.event.fact;
        let same =
            |other: &&'a Enriched| other.fact.source == own.source && other.fact.channel == own.channel;
        self.before.iter().copied().filter(same)
    }

    /// Whether another event came before this one, and its hold was over by the time this one lay in the log.
    fn hold_was_over(&self, other: &Enriched) -> bool {
        self.hold_of_was_over(&other.fact)
    }

    fn hold_of_was_over(&self, other: &Fact) -> bool {
        let own = &self.event.fact;
        let over = self.around.arrivals.since(other) + self.hold_ms;
        self.around.arrivals.came_before(other, own) && over <= self.around.arrivals.by(own)
    }

    /// Whether something was missing that it needs when it came: then it waited, and others passed it. What
    /// had been published by then is at most what was published before the first event that came after it, or
    /// whose own hold was not yet over.
    fn had_to_wait(&self) -> bool {
        let fact = &self.event.fact;
        if !fact.is_conversational() {
            return false;
        }
        let mut conversation = Conversation::default();
        let published = |other: &&&Enriched| {
            let held = other.ordering.gap_before && !self.hold_was_over(other);
            !held && !self.around.arrivals.came_before(fact, &other.fact)
        };
        for other in self.before.iter().take_while(published) {
            conversation.take(&other.fact.event_type, other.fact.participant_id.as_deref());
        }
        !conversation.admits_fact(fact)
    }
}
