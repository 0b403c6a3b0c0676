//! Transactions against brokers that refuse some items, or everything.

use super::*;

const RESULT: u32 = 1;
const LETTER: u32 = 2;

fn items(keys: &[u32]) -> Vec<Item<u32>> {
    keys.iter().map(|key| Item { key: *key, kinds: RESULT }).collect()
}

/// Brokers, and one who makes transactions of what there is.
struct Play {
    isolation: Isolation<u32>,
    available: Vec<Item<u32>>,
    committed: Vec<u32>,
    causes: Vec<u32>,
    transactions: u32,
}

impl Play {
    fn of(available: Vec<Item<u32>>) -> Self {
        let isolation = Isolation::new(2);
        Self { isolation, available, committed: Vec::new(), causes: Vec::new(), transactions: 0 }
    }

    /// One transaction; brokers abort it if it holds one of these.
    fn turn(&mut self, refused: impl Fn(u32) -> bool) {
        let content: Vec<Item<u32>> = match self.isolation.scope(&self.available) {
            Scope::All => self.available.clone(),
            Scope::Only(keys) => {
                assert!(!keys.is_empty());
                self.available.iter().filter(|item| keys.contains(&item.key)).cloned().collect()
            }
        };
        if content.is_empty() {
            return;
        }
        self.transactions += 1;
        if content.iter().any(|item| refused(item.key)) {
            if let Some(cause) = self.isolation.aborted(&content) {
                self.causes.push(cause);
                self.available.retain(|item| item.key != cause);
            }
        } else {
            self.isolation.committed(&content);
            self.committed.extend(content.iter().map(|item| item.key));
            self.available.retain(|item| !content.contains(item));
        }
    }
}

#[test]
fn one_item_that_is_refused_is_found_and_all_others_are_committed_once() {
    for refused in [0, 1, 37, 99] {
        let mut play = Play::of(items(&(0..100).collect::<Vec<_>>()));
        for turn in 0..40 {
            // Others come all the time.
            play.available.extend(items(&[1_000 + turn]));
            play.turn(|key| key == refused);
        }
        assert_eq!(play.causes, [refused]);
        play.committed.sort_unstable();
        let expected: Vec<u32> = (0..100).filter(|key| *key != refused).chain(1_000..1_040).collect();
        assert_eq!(play.committed, expected, "{refused}");
    }
}

#[test]
fn several_that_are_refused_are_found_one_after_the_other() {
    let refused = [3, 4, 50];
    let mut play = Play::of(items(&(0..64).collect::<Vec<_>>()));
    for turn in 0..200 {
        play.available.extend(items(&[1_000 + turn]));
        play.turn(|key| refused.contains(&key));
    }
    play.causes.sort_unstable();
    assert_eq!(play.causes, refused);
    assert!(play.available.is_empty(), "{:?}", play.available);
}

#[test]
fn where_everything_is_refused_nothing_is_put_aside() {
    for count in [1, 2, 50] {
        let mut play = Play::of(items(&(0..count).collect::<Vec<_>>()));
        (0..1_000).for_each(|_| play.turn(|_| true));
        assert_eq!((play.causes.len(), play.committed.len()), (0, 0), "{count}");
        // And it goes on by itself.
        (0..50).for_each(|_| play.turn(|_| false));
        assert_eq!(play.committed.len(), count as usize);
        assert!(!play.isolation.is_looking());
    }
}

#[test]
fn one_that_is_alone_waits_until_others_show_that_transactions_commit() {
    let mut play = Play::of(items(&[7]));
    (0..100).for_each(|_| play.turn(|key| key == 7));
    assert!(play.causes.is_empty());
    for other in 0..4 {
        play.available.extend(items(&[100 + other]));
        (0..3).for_each(|_| play.turn(|key| key == 7));
    }
    assert_eq!(play.causes, [7]);
}

#[test]
fn only_others_with_the_same_outputs_show_that_one_is_the_cause() {
    let mut play = Play::of(vec![Item { key: 7, kinds: LETTER }]);
    for turn in 0..100 {
        play.available.extend(items(&[100 + turn]));
        play.turn(|key| key == 7);
    }
    assert!(play.causes.is_empty(), "the topic of dead letters may be gone");
    for turn in 0..10 {
        play.available.push(Item { key: 500 + turn, kinds: LETTER | RESULT });
        play.turn(|key| key == 7);
    }
    assert_eq!(play.causes, [7]);
}

#[test]
fn what_is_aborted_now_and_then_is_made_again_whole() {
    let mut play = Play::of(items(&[1, 2, 3]));
    for turn in 0..ABORTS_MAX {
        assert!(!play.isolation.is_looking(), "{turn}");
        assert_eq!(play.isolation.scope(&play.available), Scope::All);
        let last = turn + 1 == ABORTS_MAX;
        if !last {
            play.turn(|_| true);
        }
    }
    play.turn(|_| false);
    assert_eq!(play.committed, [1, 2, 3]);
}

#[test]
fn random_aborts_put_nothing_aside_that_would_have_been_committed() {
    // Every third transaction is aborted whatever it holds: nothing is refused for its own sake.
    let mut play = Play::of(items(&(0..30).collect::<Vec<_>>()));
    for turn in 0..300_u32 {
        play.turn(|_| turn % 3 == 0);
    }
    assert!(play.causes.is_empty() && play.available.is_empty());
}

#[test]
fn what_is_taken_away_is_no_suspect_any_more() {
    let mut play = Play::of(items(&[1, 2, 3, 4]));
    (0..6).for_each(|_| play.turn(|key| key == 2));
    assert!(play.isolation.is_looking());
    play.available = items(&[9]);
    assert_eq!(play.isolation.scope(&play.available), Scope::All);
    assert!(!play.isolation.is_looking());
}
