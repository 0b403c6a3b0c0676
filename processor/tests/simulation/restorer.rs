//! Restores, step by step between the turns of an engine, by the code that restores from real brokers.
//!
//! In the processor a thread of its own answers requests. Here there are no threads: [`answer`] is run anew
//! at each step, with what it was answered so far, until it asks something more; there it is held up for as
//! long as the world likes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use trunkline_kafka::changelog::{self, RestoreError};
use trunkline_kafka::{ConsumerError, LogNow, LogPosition};
use trunkline_processor::restore::{Offsets, Progress, Request, Restorer, Step, answer};
use trunkline_schemas::catalog;

use crate::brokers::refusal;
use crate::handle::{Activity, Handle};
use crate::input_log;
use crate::saboteurs::Sabotage;

/// Between two attempts; milliseconds.
const RETRY_MS: i64 = 500;

/// How long committed offsets may hang; milliseconds.
const COMMITTED_MS: i64 = 30_000;

/// [`answer`] is held up here.
struct HeldUp;

/// Partition, offset, key and value.
type Record = (i32, i64, i64, Vec<u8>, Option<Vec<u8>>);

/// What was answered.
#[derive(Clone)]
enum Answer {
    Committed(Vec<Option<i64>>),
    Looked(Vec<LogNow>),
    Ends(i64, i64),
    Stable(i64),
    Waited,
    Read(Vec<Record>),
}

/// An attempt under way.
struct Attempt {
    handle: Handle,
    sabotage: Option<Sabotage>,
    answers: Vec<Answer>,
    asked: usize,
    /// When it goes on.
    resume_at: i64,
    /// Held up once already at the question that comes.
    held_up: bool,
    began: i64,
}

/// Restores for one process.
pub struct ModelRestorer {
    handle: Handle,
    requests: VecDeque<Request>,
    attempt: RefCell<Attempt>,
    /// Steps that the attempt has handed over.
    emitted: usize,
    progress: VecDeque<Progress>,
}

// === impl Attempt ===

impl Attempt {
    fn begin_anew(&mut self, resume_at: i64) {
        self.answers.clear();
        self.asked = 0;
        self.held_up = false;
        self.resume_at = resume_at;
        self.began = resume_at;
    }

    /// What was answered before, or by `ask`, perhaps later.
    fn question(&mut self, ask: impl FnOnce(&mut Self) -> Option<Answer>) -> Answer {
        if let Some(known) = self.answers.get(self.asked) {
            self.asked += 1;
            return known.clone();
        }
        if !self.held_up {
            let after = {
                let mut world = self.handle.world();
                if world.dice.chance(0.5) { 0 } else { world.dice.between(1, 150) }
            };
            if after > 0 {
                self.hold_up(after);
            }
        }
        match ask(self) {
            Some(answer) => {
                self.held_up = false;
                self.answers.push(answer.clone());
                self.asked += 1;
                answer
            }
            None => self.hold_up(20),
        }
    }

    fn hold_up(&mut self, milliseconds: i64) -> ! {
        self.held_up = true;
        self.resume_at = self.handle.world().now() + milliseconds;
        resume_unwind(Box::new(HeldUp))
    }
}

struct Port<'a>(&'a RefCell<Attempt>);

impl Offsets for Port<'_> {
    fn committed(&mut self, partitions: &[i32]) -> Result<Vec<Option<i64>>, ConsumerError> {
        let mut attempt = self.0.borrow_mut();
        let (now, began) = (attempt.handle.world().now(), attempt.began);
        if attempt.answers.is_empty() && attempt.held_up {
            let unanswered = attempt.handle.world().fault(|plan| plan.unanswered_restore);
            if unanswered || now - began > COMMITTED_MS {
                attempt.handle.world().count("restore unanswered");
                return Err(refusal(false));
            }
        }
        let answer = attempt.question(|attempt| {
            let world = attempt.handle.world();
            let hangs = partitions.iter().any(|partition| world.group.is_pending(*partition));
            let committed = |p: &i32| Some(world.group.committed(*p));
            (!hangs).then(|| Answer::Committed(partitions.iter().map(committed).collect()))
        });
        match answer {
            Answer::Committed(offsets) => Ok(offsets),
            _ => unreachable!("the same questions come in the same order"),
        }
    }

    fn look(&mut self, partitions: &[(i32, Option<LogPosition>)]) -> Result<Vec<LogNow>, ConsumerError> {
        let answer = self.0.borrow_mut().question(|attempt| {
            let world = attempt.handle.world();
            let looked = partitions.iter().map(|(partition, saved)| {
                input_log::look(
                    &world,
                    *partition,
                    saved.and_then(|saved| saved.last).map(|last| last.offset),
                )
            });
            Some(Answer::Looked(looked.collect()))
        });
        match answer {
            Answer::Looked(looked) => Ok(looked),
            _ => unreachable!("the same questions come in the same order"),
        }
    }
}

impl changelog::Log for Port<'_> {
    fn topic(&self) -> &str {
        catalog::PROCESSOR_CHANGELOG
    }

    fn ends(&mut self, partition: i32) -> Result<(i64, i64), RestoreError> {
        let answer = self.0.borrow_mut().question(|attempt| {
            let world = attempt.handle.world();
            let log = world.log(catalog::PROCESSOR_CHANGELOG, partition);
            Some(match attempt.sabotage {
                Some(Sabotage::StableEnd) => Answer::Ends(log.low(), log.stable()),
                _ => Answer::Ends(log.low(), log.high()),
            })
        });
        match answer {
            Answer::Ends(low, high) => Ok((low, high)),
            _ => unreachable!("the same questions come in the same order"),
        }
    }

    fn stable(&mut self, partition: i32) -> Result<i64, RestoreError> {
        let answer = self.0.borrow_mut().question(|attempt| {
            let world = attempt.handle.world();
            Some(Answer::Stable(world.log(catalog::PROCESSOR_CHANGELOG, partition).stable()))
        });
        match answer {
            Answer::Stable(stable) => Ok(stable),
            _ => unreachable!("the same questions come in the same order"),
        }
    }

    fn wait(&mut self) -> bool {
        let mut attempt = self.0.borrow_mut();
        if attempt.asked == attempt.answers.len() && !attempt.held_up {
            attempt.hold_up(changelog::STABLE_WAIT.as_millis() as i64);
        }
        attempt.question(|_| Some(Answer::Waited));
        true
    }

    fn read(
        &mut self,
        from: &[(i32, i64)],
        apply: &mut dyn FnMut(changelog::Change<'_>) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        let answer = self.0.borrow_mut().question(|attempt| {
            let world = attempt.handle.world();
            let mut records = Vec::new();
            for (partition, offset) in from {
                let log = world.log(catalog::PROCESSOR_CHANGELOG, *partition);
                let entries = log.committed(*offset, &world.coordinator.outcomes);
                records.extend(entries.map(|entry| {
                    (
                        *partition,
                        entry.offset,
                        entry.at,
                        entry.key.clone().unwrap_or_default(),
                        entry.value.clone(),
                    )
                }));
            }
            Some(Answer::Read(records))
        });
        let Answer::Read(records) = answer else { unreachable!("the same questions come in the same order") };
        for (partition, offset, at, key, value) in &records {
            apply(changelog::Change {
                partition: *partition,
                offset: *offset,
                timestamp: *at,
                key,
                value: value.as_deref(),
            })?;
        }
        Ok(())
    }
}

// === impl ModelRestorer ===

impl ModelRestorer {
    /// Nothing asked yet.
    pub fn new(handle: Handle, sabotage: Option<Sabotage>) -> Self {
        let attempt = Attempt {
            handle: handle.clone(),
            sabotage,
            answers: Vec::new(),
            asked: 0,
            resume_at: 0,
            held_up: false,
            began: 0,
        };
        Self {
            handle,
            requests: VecDeque::new(),
            attempt: RefCell::new(attempt),
            emitted: 0,
            progress: VecDeque::new(),
        }
    }

    /// Goes on with the first request.
    fn work(&mut self) {
        let now = self.handle.world().now();
        if self.attempt.borrow().resume_at > now {
            return;
        }
        let Some(request) = self.requests.front() else { return };
        self.attempt.borrow_mut().asked = 0;
        let mut steps = Vec::new();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let (mut offsets, mut log) = (Port(&self.attempt), Port(&self.attempt));
            answer(request, &mut offsets, &mut log, &mut |step| steps.push(step))
        }));
        let ticket = request.ticket;
        let new = steps.into_iter().skip(self.emitted).map(|step| Progress { ticket, step });
        let before = self.progress.len();
        self.progress.extend(new);
        self.emitted += self.progress.len() - before;
        match ended {
            Ok(Ok(())) => {
                self.handle.world().count("restore");
                self.requests.pop_front();
                self.emitted = 0;
                self.attempt.borrow_mut().begin_anew(now);
            }
            Ok(Err(_)) => {
                self.handle.world().count("restore tried again");
                self.emitted = 0;
                self.attempt.borrow_mut().begin_anew(now + RETRY_MS);
            }
            Err(held_up) if held_up.is::<HeldUp>() => {}
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl Restorer for ModelRestorer {
    fn request(&mut self, request: Request) {
        self.handle.point(Activity::UnderWay);
        if self.requests.is_empty() {
            let now = self.handle.world().now();
            self.attempt.borrow_mut().begin_anew(now);
        }
        self.requests.push_back(request);
    }

    fn progress(&mut self) -> Vec<Progress> {
        if self.requests.is_empty() && self.progress.is_empty() {
            return Vec::new();
        }
        self.handle.point(Activity::UnderWay);
        self.work();
        let count = {
            let mut world = self.handle.world();
            world.dice.index(9)
        };
        let count = count.min(self.progress.len());
        let taken: Vec<Progress> = self.progress.drain(..count).collect();
        if taken.iter().any(|progress| matches!(progress.step, Step::Clear { .. })) {
            self.handle.world().note("state dropped", || "it is of another log".to_owned());
        }
        taken
    }
}
