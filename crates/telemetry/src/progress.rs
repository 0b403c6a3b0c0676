//! Whether a stream loop gets anything done: ready is who commits while something is outstanding.
//!
//! What a process has reached (brokers, partitions) does not say that anything comes out of it. So the loop tells what
//! it has taken in and what took effect, and whoever asks, at whatever time, is told how long nothing did. The answer
//! follows from times alone: a loop that hangs in a call cannot say so, and its silence says it.
//!
//! [`Progress`] is pure; [`ProgressWatch`] gives it the time, and makes its answer a part of the health report and a
//! gauge. Times are those since the start of the process, by a clock that is never set.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::health::{Part, Watched};

/// The gauge: seconds since the oldest record was written that a process has read and not committed, by `process`.
pub const OLDEST_UNCOMMITTED: &str = "trunkline_oldest_uncommitted_age_seconds";

/// The part of the health report that says whether a loop gets anything done.
pub const PART: &str = "progress";

/// Whose loop it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// The processor's.
    Processor,
    /// The sink's.
    Sink,
}

// === impl Process ===

impl Process {
    fn as_str(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Sink => "sink",
        }
    }
}

/// What a loop has in hand when it comes round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InHand {
    /// Whether a commit is to be expected: something is taken in, and nobody outside is waited for.
    pub outstanding: bool,
    /// The timestamp of the oldest record that is read and not committed; UTC milliseconds.
    pub oldest_ms: Option<i64>,
}

/// How long things may take before they count as stuck.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From taking something in to its commit.
    pub commit: Duration,
    /// Between two answers of the brokers to what is asked beside the loop.
    pub brokers: Duration,
}

/// How long brokers may answer nothing beyond what a commit may take: two rounds of measuring, the first of which began
/// just before they fell silent.
const SILENCE: Duration = Duration::from_secs(10);

// === impl Limits ===

impl Limits {
    /// Those of a loop whose commits may take so long.
    pub fn of(commit: Duration) -> Self {
        Self { commit, brokers: commit.saturating_add(SILENCE) }
    }
}

/// What is known of a loop's progress; see the module's documentation.
#[derive(Debug)]
pub struct Progress {
    limits: Limits,
    /// When the loop came round last; nothing before it did for the first time.
    turned: Option<Duration>,
    /// When brokers last answered a question that was asked beside the loop.
    answered: Option<Duration>,
    /// The partitions that it has.
    owned: BTreeSet<i32>,
    /// What the loop had in hand when it came round last.
    in_hand: InHand,
    /// The partitions that have records beyond what is committed, as the brokers said last of each.
    behind: BTreeSet<i32>,
    /// Since when something is outstanding and nothing took effect.
    waiting: Option<Duration>,
    /// The oldest record that is not committed: when it was written (UTC milliseconds), and since when it is known.
    oldest: Option<(i64, Duration)>,
    /// Why the last transaction took no effect; nothing once one did.
    failure: Option<String>,
}

// === impl Progress ===

impl Progress {
    /// Of a loop that has not begun yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            turned: None,
            answered: None,
            owned: BTreeSet::new(),
            in_hand: InHand::default(),
            behind: BTreeSet::new(),
            waiting: None,
            oldest: None,
            failure: None,
        }
    }

    /// The loop comes round.
    pub fn turned(&mut self, now: Duration, in_hand: InHand) {
        self.turned = Some(now);
        self.answered.get_or_insert(now);
        self.in_hand = in_hand;
        if let Some(written) = in_hand.oldest_ms {
            let since = self.oldest.map_or(now, |(_, since)| since);
            self.oldest = Some((written, since));
        } else if self.failure.is_none() {
            // After a failure everything is read again: until then the oldest record is the one from before.
            self.oldest = None;
        }
        self.look_again(now);
    }

    /// A transaction took effect, and something that was outstanding with it.
    pub fn committed(&mut self, now: Duration) {
        self.failure = None;
        self.waiting = None;
        self.oldest = None;
        self.look_again(now);
    }

    /// A transaction took no effect, or there is no producer for one.
    pub fn failed(&mut self, now: Duration, reason: String) {
        self.failure = Some(reason);
        // Until the loop comes round again and says what is left of it.
        self.in_hand.outstanding = true;
        self.look_again(now);
    }

    /// Brokers said beside the loop how many records partitions have beyond what is committed. Where those that it owns
    /// have none, each of them, and it has nothing in hand, nothing is outstanding: the last transaction took effect
    /// after all, or others have it. Partitions of which nobody says anything are as they were.
    pub fn measured(&mut self, now: Duration, lags: impl IntoIterator<Item = (i32, i64)>) {
        self.answered = Some(now);
        let mut said = BTreeSet::new();
        for (partition, lag) in lags {
            said.insert(partition);
            if lag > 0 {
                self.behind.insert(partition);
            } else {
                self.behind.remove(&partition);
            }
        }
        if self.owned.is_subset(&said) && !self.is_behind() && !self.in_hand.outstanding {
            self.failure = None;
        }
        self.look_again(now);
    }

    /// Brokers answered beside the loop, and nothing more is known.
    pub fn answered(&mut self, now: Duration) {
        self.answered = Some(now);
    }

    /// It has these partitions from now on. What is not committed of those that it gave back is for others to do.
    pub fn owns(&mut self, partitions: impl IntoIterator<Item = i32>) {
        self.owned = partitions.into_iter().collect();
        // What is given back is others' to finish; should it return, nothing is known of it.
        self.behind.retain(|partition| self.owned.contains(partition));
        if self.owned.is_empty() {
            self.in_hand = InHand::default();
            self.behind.clear();
            self.waiting = None;
            self.oldest = None;
            self.failure = None;
        }
    }

    /// Whether the loop gets something done where there is something to do, and since when it does not.
    pub fn judge(&self, now: Duration) -> Part {
        let unready = |detail: String| Part { ready: false, detail };
        let seconds = |since: Duration| now.saturating_sub(since).as_secs();
        let Some(turned) = self.turned else { return unready("not begun".to_owned()) };
        let because = self.failure.as_ref().map(|reason| format!("; at last: {reason}")).unwrap_or_default();
        if let Some(since) = self.waiting
            && now.saturating_sub(since) > self.limits.commit
        {
            let seconds = seconds(since);
            return unready(format!(
                "records are outstanding, and nothing took effect for {seconds} s{because}"
            ));
        }
        if now.saturating_sub(turned) > self.limits.commit {
            return unready(format!("stands still in one call for {} s{because}", seconds(turned)));
        }
        if let Some(answered) = self.answered
            && now.saturating_sub(answered) > self.limits.brokers
        {
            return unready(format!(
                "the brokers have answered nothing for {} s{because}",
                seconds(answered)
            ));
        }
        let detail = match (self.waiting, &self.failure) {
            (None, _) => "nothing is outstanding".to_owned(),
            (Some(_), None) => "transactions take effect".to_owned(),
            (Some(since), Some(reason)) => format!("nothing took effect for {} s: {reason}", seconds(since)),
        };
        Part { ready: true, detail }
    }

    /// How old the oldest record is that is not committed; zero when there is none. `wall_ms` is UTC milliseconds. The
    /// longer of two measures: a clock that was set back, here or where the record was written, makes nothing young.
    pub fn oldest_age(&self, now: Duration, wall_ms: i64) -> Duration {
        self.oldest.map_or(Duration::ZERO, |(written, since)| {
            let by_wall = u64::try_from(wall_ms.saturating_sub(written)).unwrap_or(0);
            now.saturating_sub(since).max(Duration::from_millis(by_wall))
        })
    }

    fn is_behind(&self) -> bool {
        !self.owned.is_disjoint(&self.behind)
    }

    fn look_again(&mut self, now: Duration) {
        if self.in_hand.outstanding || self.is_behind() || self.failure.is_some() {
            self.waiting.get_or_insert(now);
        } else {
            self.waiting = None;
        }
    }
}

/// A [`Progress`] that is told of by the loop and by what measures beside it, and asked by whoever wants to know.
#[derive(Debug)]
pub struct ProgressWatch {
    process: Process,
    started: Instant,
    // Held for an assignment or an answer only: the loop never waits in it.
    progress: Mutex<Progress>,
}

// === impl ProgressWatch ===

impl ProgressWatch {
    /// Of the loop of this process, which has not begun yet.
    pub fn new(process: Process, limits: Limits) -> Self {
        metrics::describe_gauge!(
            OLDEST_UNCOMMITTED,
            "Seconds since the oldest record was written that is read and not committed, by process"
        );
        Self { process, started: Instant::now(), progress: Mutex::new(Progress::new(limits)) }
    }

    /// See [`Progress::turned`].
    pub fn turned(&self, in_hand: InHand) {
        self.tell(|progress, now| progress.turned(now, in_hand));
    }

    /// See [`Progress::committed`].
    pub fn committed(&self) {
        self.tell(Progress::committed);
    }

    /// See [`Progress::failed`].
    pub fn failed(&self, reason: impl Into<String>) {
        self.tell(|progress, now| progress.failed(now, reason.into()));
    }

    /// See [`Progress::measured`].
    pub fn measured(&self, lags: impl IntoIterator<Item = (i32, i64)>) {
        self.tell(|progress, now| progress.measured(now, lags));
    }

    /// See [`Progress::answered`].
    pub fn answered(&self) {
        self.tell(Progress::answered);
    }

    /// See [`Progress::owns`].
    pub fn owns(&self, partitions: impl IntoIterator<Item = i32>) {
        self.tell(|progress, _| progress.owns(partitions));
    }

    fn tell(&self, tell: impl FnOnce(&mut Progress, Duration)) {
        let now = self.started.elapsed();
        tell(&mut self.lock(), now);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched for ProgressWatch {
    fn look(&self) -> Part {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ms = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        let now = self.started.elapsed();
        let (part, age) = {
            let progress = self.lock();
            (progress.judge(now), progress.oldest_age(now, wall_ms))
        };
        metrics::gauge!(OLDEST_UNCOMMITTED, "process" => self.process.as_str()).set(age.as_secs_f64());
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { commit: Duration::from_secs(10), brokers: Duration::from_secs(15) };
    const NOTHING: InHand = InHand { outstanding: false, oldest_ms: None };
    const SOMETHING: InHand = InHand { outstanding: true, oldest_ms: Some(1_000) };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn begun() -> Progress {
        let mut progress = Progress::new(LIMITS);
        assert!(!progress.judge(at(0)).ready, "nothing has begun yet");
        progress.owns([3, 4]);
        progress.turned(at(0), NOTHING);
        progress
    }

    /// The loop comes round every second, with this in hand, and brokers answer.
    fn seconds(progress: &mut Progress, from_to: std::ops::Range<u64>, in_hand: InHand) {
        for second in from_to {
            progress.turned(at(second), in_hand);
            progress.answered(at(second));
        }
    }

    #[test]
    fn who_has_nothing_to_do_is_ready_for_ever() {
        let mut progress = begun();
        seconds(&mut progress, 1..100_000, NOTHING);
        assert!(progress.judge(at(100_000)).ready);
    }

    #[test]
    fn who_commits_while_something_is_outstanding_is_ready_and_who_does_not_is_not() {
        let mut progress = begun();
        for second in 1..100 {
            progress.turned(at(second), SOMETHING);
            progress.committed(at(second));
            progress.answered(at(second));
        }
        assert!(progress.judge(at(109)).ready);
        seconds(&mut progress, 100..110, SOMETHING);
        let stuck = progress.judge(at(110));
        assert!(!stuck.ready && stuck.detail.contains("nothing took effect for 11 s"), "{stuck:?}");
        progress.committed(at(111));
        progress.turned(at(111), NOTHING);
        assert!(progress.judge(at(111)).ready);
    }

    #[test]
    fn transactions_that_fail_again_and_again_show_with_their_last_reason_though_all_is_read_anew() {
        let mut progress = begun();
        for second in 1..12 {
            progress.turned(at(second), if second % 2 == 0 { SOMETHING } else { NOTHING });
            progress.failed(at(second), format!("no permission {second}"));
            progress.answered(at(second));
        }
        let stuck = progress.judge(at(12));
        assert!(!stuck.ready && stuck.detail.contains("no permission 11"), "{stuck:?}");
    }

    #[test]
    fn a_loop_that_hangs_in_a_call_is_not_ready_whatever_it_had_in_hand() {
        let mut progress = begun();
        seconds(&mut progress, 1..5, NOTHING);
        progress.answered(at(14));
        assert!(progress.judge(at(14)).ready);
        let hangs = progress.judge(at(15));
        assert!(!hangs.ready && hangs.detail.contains("stands still in one call for 11 s"), "{hangs:?}");
    }

    #[test]
    fn brokers_that_answer_nothing_show_though_nothing_is_known_to_be_outstanding() {
        let mut progress = begun();
        for second in 1..17 {
            progress.turned(at(second), NOTHING);
        }
        let silent = progress.judge(at(16));
        assert!(!silent.ready && silent.detail.contains("answered nothing for 16 s"), "{silent:?}");
        progress.measured(at(17), []);
        assert!(progress.judge(at(17)).ready);
    }

    #[test]
    fn records_that_only_the_brokers_know_of_are_outstanding_as_well() {
        let mut progress = begun();
        for second in 1..13 {
            progress.turned(at(second), NOTHING);
            progress.measured(at(second), [(2, 9), (3, 1), (4, 0)]);
        }
        assert!(!progress.judge(at(12)).ready, "it reads nothing, and there is something to read");
        progress.measured(at(13), [(2, 9), (3, 0), (4, 0)]);
        assert!(progress.judge(at(13)).ready);
    }

    #[test]
    fn what_is_known_of_a_partition_stays_known_while_nobody_says_more_of_it() {
        let mut progress = begun();
        progress.measured(at(1), [(3, 7), (4, 0)]);
        for second in 2..12 {
            progress.turned(at(second), NOTHING);
            progress.measured(at(second), [(4, 0)]);
        }
        assert!(
            !progress.judge(at(12)).ready,
            "the broker of 3 does not answer, and 3 is no less behind for it"
        );
        progress.measured(at(13), [(3, 0)]);
        assert!(progress.judge(at(13)).ready);
    }

    #[test]
    fn a_failure_is_over_only_when_each_partition_is_known_to_have_nothing_left() {
        for said in [&[][..], &[(4, 0)], &[(2, 0), (4, 0)], &[(3, 1), (4, 0)]] {
            let mut progress = begun();
            progress.failed(at(1), "no permission".to_owned());
            for second in 2..13 {
                progress.turned(at(second), NOTHING);
                progress.measured(at(second), said.iter().copied());
            }
            let stuck = progress.judge(at(13));
            assert!(!stuck.ready && stuck.detail.contains("no permission"), "{said:?}: {stuck:?}");
        }
    }

    #[test]
    fn a_failure_is_not_over_before_the_loop_has_come_round_again() {
        let mut progress = begun();
        progress.owns([]);
        progress.turned(at(1), NOTHING);
        progress.failed(at(1), "no permission".to_owned());
        progress.measured(at(2), []);
        assert!(progress.judge(at(3)).detail.contains("no permission"));
        progress.turned(at(4), NOTHING);
        progress.measured(at(5), []);
        assert_eq!(progress.judge(at(5)).detail, "nothing is outstanding");
    }

    #[test]
    fn partitions_that_are_given_back_are_no_longer_waited_for() {
        let mut progress = begun();
        progress.turned(at(1), SOMETHING);
        progress.failed(at(1), "no permission".to_owned());
        progress.owns([]);
        seconds(&mut progress, 2..30, NOTHING);
        assert!(progress.judge(at(30)).ready);
        assert_eq!(progress.oldest_age(at(30), 99_000), Duration::ZERO);
    }

    #[test]
    fn a_transaction_that_took_effect_after_all_is_not_waited_for() {
        let mut progress = begun();
        progress.turned(at(1), SOMETHING);
        progress.failed(at(2), "its outcome is not known".to_owned());
        seconds(&mut progress, 3..8, NOTHING);
        progress.measured(at(8), [(3, 0), (4, 0)]);
        seconds(&mut progress, 8..60, NOTHING);
        assert!(progress.judge(at(60)).ready);
        assert_eq!(progress.oldest_age(at(60), 99_000), Duration::ZERO);
    }

    #[test]
    fn the_oldest_record_ages_while_nobody_says_anything_and_by_no_clock_that_is_set_back() {
        let mut progress = begun();
        progress.turned(at(1), SOMETHING);
        assert_eq!(progress.oldest_age(at(1), 3_000), at(2));
        assert_eq!(progress.oldest_age(at(60), 62_000), at(61), "it hangs");
        assert_eq!(progress.oldest_age(at(60), -600_000), at(59), "its clock is set back");
        progress.failed(at(61), "refused".to_owned());
        progress.turned(at(62), NOTHING);
        assert_eq!(progress.oldest_age(at(62), 64_000), at(63), "it is read again, and no younger for it");
        progress.committed(at(63));
        assert_eq!(progress.oldest_age(at(63), 65_000), Duration::ZERO);
    }
}
