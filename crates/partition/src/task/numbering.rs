//! Sources whose numbers seem to run across conversations: compared within each of them, nearly every number then
//! follows a gap, and each such event is held for as long as its source's hold is.

use std::collections::HashMap;

/// Numbered events of a source that are judged together: enough that a few lost ones, or the first of each
/// conversation where a source does not begin at 1, make no tenth of them.
const RUN: u32 = 100;

/// Of such a run, so many that follow a gap are nearly every one.
const NEARLY_ALL: u32 = 90;

/// How many numbered events of each source followed a gap. It knows as many sources as are configured.
#[derive(Debug, Default)]
pub struct Numbering {
    runs: HashMap<String, Run>,
    /// Sources that were suspected since they were last asked for.
    suspected: Vec<String>,
}

#[derive(Debug, Default)]
struct Run {
    events: u32,
    gaps: u32,
}

// === impl Numbering ===

impl Numbering {
    /// Takes in a numbered event of a source that is sequenced, in the order of publication.
    pub fn take(&mut self, source: &str, gap_before: bool) {
        let Some(run) = self.runs.get_mut(source) else {
            self.runs.insert(source.to_owned(), Run { events: 1, gaps: gap_before.into() });
            return;
        };
        run.events += 1;
        run.gaps += u32::from(gap_before);
        if run.events == RUN {
            if run.gaps >= NEARLY_ALL && !self.suspected.iter().any(|known| known == source) {
                self.suspected.push(source.to_owned());
            }
            *run = Run::default();
        }
    }

    /// The sources of whose last hundred numbered events nearly every one followed a gap, each time they did.
    pub fn take_suspected(&mut self) -> Vec<String> {
        std::mem::take(&mut self.suspected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is suspected after so many events, of which every so many follow no gap.
    fn suspected(events: u32, without_gap_each: u32) -> usize {
        let mut numbering = Numbering::default();
        (0..events).for_each(|number| numbering.take("crm", number % without_gap_each > 0));
        numbering.take_suspected().len()
    }

    #[test]
    fn only_where_nearly_every_event_follows_a_gap_a_source_is_suspected() {
        assert_eq!((suspected(99, 1_000), suspected(100, 1_000)), (0, 1));
        assert_eq!((suspected(100, 10), suspected(100, 9)), (1, 0));
        assert_eq!(suspected(100_000, 2), 0, "conversations of two events, the first of each with a gap");
        assert_eq!(suspected(100_000, 1), 0, "no gaps");
    }

    #[test]
    fn sources_are_told_apart_and_told_once_until_they_are_asked_for() {
        let mut numbering = Numbering::default();
        for number in 0..1_000 {
            numbering.take("across", true);
            numbering.take("within", number % 50 == 0);
        }
        assert_eq!(numbering.take_suspected(), ["across"]);
        assert!(numbering.take_suspected().is_empty());
        (0..RUN).for_each(|_| numbering.take("across", true));
        assert_eq!(numbering.take_suspected(), ["across"]);
    }
}
