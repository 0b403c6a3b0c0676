//! When everything has been read that lay in a partition: the brokers are asked for its end when a hold is over but for
//! what may still be to be read. That we read nothing for a while says nothing about what there is.

use std::collections::BTreeMap;

use super::ports::InputEnds;

/// An end that was not reached after so many milliseconds is asked for anew: the partition may have been cut off.
const ASK_AGAIN_MS: i64 = 1_000;

/// An end that is to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) partition: i32,
    /// Everything that lies before it was there when it was asked for.
    pub(super) offset: i64,
    /// When that was; UTC milliseconds.
    pub(super) asked_at: i64,
}

/// The ends that were asked for.
pub(super) struct Ends {
    source: Box<dyn InputEnds>,
    /// When the question that is under way was asked.
    asked_at: Option<i64>,
    to_reach: BTreeMap<i32, End>,
}

// === impl Ends ===

impl Ends {
    /// Nothing was asked yet.
    pub(super) fn new(source: Box<dyn InputEnds>) -> Self {
        Self { source, asked_at: None, to_reach: BTreeMap::new() }
    }

    /// The ends that are still to be reached, with what was answered since the last call.
    pub(super) fn unreached(&mut self) -> Vec<End> {
        if let Some(asked_at) = self.asked_at
            && let Some(answer) = self.source.answer()
        {
            self.asked_at = None;
            let ends = answer.into_iter().map(|(partition, offset)| End { partition, offset, asked_at });
            self.to_reach.extend(ends.map(|end| (end.partition, end)));
        }
        self.to_reach.values().copied().collect()
    }

    /// An end is reached, or its partition is not ours any more.
    pub(super) fn let_go(&mut self, partition: i32) {
        self.to_reach.remove(&partition);
    }

    /// Asks for the ends of partitions at `now` (UTC milliseconds), unless a question is under way.
    pub(super) fn ask(&mut self, partitions: impl FnOnce() -> Vec<i32>, now: i64) {
        if self.asked_at.is_some() {
            return;
        }
        let mut partitions = partitions();
        let fresh = |end: &End| now - end.asked_at < ASK_AGAIN_MS;
        partitions.retain(|partition| !self.to_reach.get(partition).is_some_and(fresh));
        if !partitions.is_empty() {
            self.asked_at = Some(now);
            self.source.ask(partitions);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    type Asked = Rc<RefCell<Vec<Vec<i32>>>>;

    struct Answers(Asked, Vec<Vec<(i32, i64)>>);

    impl InputEnds for Answers {
        fn ask(&mut self, partitions: Vec<i32>) {
            self.0.borrow_mut().push(partitions);
        }

        fn answer(&mut self) -> Option<Vec<(i32, i64)>> {
            self.1.pop()
        }
    }

    #[test]
    fn an_end_is_asked_for_once_until_it_is_reached_or_a_second_has_passed() {
        let asked = Asked::default();
        let mut ends = Ends::new(Box::new(Answers(asked.clone(), vec![vec![(1, 9)], vec![(1, 7), (2, 4)]])));
        ends.ask(|| vec![1, 2], 100);
        ends.ask(|| vec![3], 101);
        let end = |partition, offset, asked_at| End { partition, offset, asked_at };
        assert_eq!(ends.unreached(), [end(1, 7, 100), end(2, 4, 100)]);
        ends.let_go(2);
        ends.ask(|| vec![1], 1_099);
        assert_eq!(*asked.borrow(), [vec![1, 2]], "one is under way, the other not reached");
        ends.ask(|| vec![1], 1_100);
        assert_eq!(ends.unreached(), [end(1, 9, 1_100)]);
        ends.ask(|| vec![2], 1_101);
        assert_eq!(*asked.borrow(), [vec![1, 2], vec![1], vec![2]]);
        assert_eq!(ends.unreached(), [end(1, 9, 1_100)], "no answer yet");
    }
}
