//! Records whose transaction is aborted each time: they are found, and put aside as dead letters, so that all others go
//! on.
//!
//! A transaction holds what came of many records. Once it was aborted a few times in a row, or as soon as one of its
//! records is known to be refused, the engine goes carefully: it commits after every step that finishes something, so
//! that a transaction holds what came of one record. Which of them is the cause says [`Isolation`], or at once the
//! refusal of a transaction that holds only one.

use std::collections::BTreeMap;

use trunkline_kafka::isolation::{Isolation, Item};
use trunkline_partition::Output;

/// So often a record is aborted alone, with others committed between, before it is put aside without a refusal of its
/// own: an event that is put aside by mistake loses its place.
const ALONE_MAX: u32 = 5;

/// Bits of [`Item::kinds`]: events, and dead letters.
const EVENT: u32 = 1;
const LETTER: u32 = 2;

/// Partition and offset of an input record.
pub(super) type Place = (i32, i64);

/// See the module's documentation.
pub(super) struct Troubles {
    isolation: Isolation<Place>,
    /// The records that are finished with the open transaction.
    content: Vec<Item<Place>>,
    /// Records that become dead letters when they are read again, and why.
    aside: BTreeMap<Place, Aside>,
}

/// How a record is put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aside {
    /// Why.
    pub(super) reason: String,
    /// Not even its dead letter was taken: only its place is kept.
    pub(super) only_place: bool,
}

// === impl Troubles ===

impl Troubles {
    /// Nothing is wrong.
    pub(super) fn new() -> Self {
        Self { isolation: Isolation::new(ALONE_MAX), content: Vec::new(), aside: BTreeMap::new() }
    }

    /// These records of a partition are finished with the open transaction, by a step that made these outputs.
    pub(super) fn finished(&mut self, partition: i32, offsets: &[i64], outputs: &[Output]) {
        let kinds = outputs.iter().fold(0, |kinds, output| match output {
            Output::Event(_) => kinds | EVENT,
            Output::DeadLetter(_) => kinds | LETTER,
            Output::Profile(_) => kinds,
        });
        let items = offsets.iter().map(|offset| Item { key: (partition, *offset), kinds });
        // What made no output cannot be the cause.
        self.content.extend(items.filter(|item| item.kinds != 0));
    }

    /// Whether what is finished should be committed at once, for itself.
    pub(super) fn is_due(&self) -> bool {
        self.isolation.is_looking() && !self.content.is_empty()
    }

    /// How a record is put aside, if it is.
    pub(super) fn aside(&self, place: Place) -> Option<&Aside> {
        self.aside.get(&place)
    }

    /// The transaction was committed.
    pub(super) fn committed(&mut self) {
        let content = std::mem::take(&mut self.content);
        self.isolation.committed(&content);
        if !self.aside.is_empty() {
            content.iter().for_each(|item| drop(self.aside.remove(&item.key)));
        }
    }

    /// The transaction has no known outcome, which says nothing of its records.
    pub(super) fn forget_content(&mut self) {
        self.content.clear();
    }

    /// The transaction was aborted; `refused` says that one of its records was refused for good, and why. Returns the
    /// record that is put aside from now on, if it is certain which.
    pub(super) fn aborted(&mut self, refused: Option<String>) -> Option<(Place, Aside)> {
        let content = std::mem::take(&mut self.content);
        let (place, reason) = match (refused, content.as_slice()) {
            (Some(reason), [item]) => {
                self.isolation.retain(|place| *place != item.key);
                (item.key, reason)
            }
            (Some(_), _) => {
                self.isolation.suspect(&content);
                return None;
            }
            (None, _) => {
                let reason = "its transaction is aborted each time, and those of others are not".to_owned();
                (self.isolation.aborted(&content)?, reason)
            }
        };
        let aside = Aside { reason, only_place: self.aside.contains_key(&place) };
        self.aside.insert(place, aside.clone());
        Some((place, aside))
    }

    /// Partitions are not ours any more: whoever has them finds out for itself.
    pub(super) fn let_go(&mut self, partitions: &[i32]) {
        self.isolation.retain(|(partition, _)| !partitions.contains(partition));
        self.content.retain(|item| !partitions.contains(&item.key.0));
    }
}

#[cfg(test)]
mod tests {
    use trunkline_partition::output::DeadLetter;
    use trunkline_schemas::InboundRecord;
    use trunkline_schemas::headers::Headers;

    use super::*;

    fn letter() -> Output {
        let record = InboundRecord {
            topic: "".into(),
            partition: 0,
            offset: 0,
            key: None,
            value: None,
            headers: Headers::new(),
            timestamp: 0,
            leader_epoch: None,
        };
        Output::DeadLetter(DeadLetter { record, code: "", message: String::new() })
    }

    fn refused() -> Option<String> {
        Some("too large".to_owned())
    }

    #[test]
    fn a_refused_record_is_put_aside_as_soon_as_its_transaction_holds_nothing_else() {
        let mut troubles = Troubles::new();
        (0..10).for_each(|offset| troubles.finished(0, &[offset], &[letter()]));
        assert!(!troubles.is_due(), "all goes well");
        assert_eq!(troubles.aborted(refused()), None, "one of ten");
        for offset in 0..4 {
            troubles.finished(0, &[offset], &[letter()]);
            assert!(troubles.is_due());
            troubles.committed();
        }
        troubles.finished(0, &[4], &[letter()]);
        let (place, aside) = troubles.aborted(refused()).unwrap();
        assert_eq!((place, aside.only_place), ((0, 4), false));
        assert_eq!(troubles.aside((0, 4)).map(|aside| aside.reason.as_str()), Some("too large"));
        for offset in 4..10 {
            troubles.finished(0, &[offset], &[letter()]);
            troubles.committed();
        }
        troubles.finished(0, &[10], &[letter()]);
        assert!(!troubles.is_due() && troubles.aside((0, 4)).is_none(), "it is over");
    }

    #[test]
    fn of_a_record_whose_dead_letter_is_refused_as_well_only_the_place_is_kept() {
        let mut troubles = Troubles::new();
        for only_place in [false, true] {
            troubles.finished(0, &[4], &[letter()]);
            let (_, aside) = troubles.aborted(refused()).unwrap();
            assert_eq!(aside.only_place, only_place);
        }
    }

    #[test]
    fn without_a_refusal_nothing_is_put_aside_unless_others_commit_between_again_and_again() {
        let mut troubles = Troubles::new();
        for _ in 0..100 {
            troubles.finished(0, &[4], &[letter()]);
            assert_eq!(troubles.aborted(None), None, "nothing commits at all");
        }
        let mut aborts = 0;
        for other in 100..200 {
            troubles.finished(1, &[other], &[letter()]);
            troubles.committed();
            troubles.finished(0, &[4], &[letter()]);
            aborts += 1;
            if troubles.aborted(None).is_some() {
                break;
            }
        }
        assert_eq!(aborts, ALONE_MAX);
    }

    #[test]
    fn partitions_that_are_given_back_are_no_reason_to_go_carefully() {
        let mut troubles = Troubles::new();
        troubles.finished(0, &[4, 5], &[letter()]);
        troubles.aborted(refused());
        troubles.let_go(&[0]);
        troubles.finished(1, &[1], &[letter()]);
        assert!(!troubles.is_due());
    }
}
