//! The target: requests that are alive, their effects and their answers.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use trunkline_sink::answer::{Answer, Failure, FailureKind, Health};
use trunkline_sink::command::Command;
use trunkline_sink::decision::Step;
use trunkline_sink::lanes::{Input, Serial};
use trunkline_sink::ports::TargetCalls;

use crate::commands::{LIFETIME_MS, is_late};
use crate::world::World;

/// What a request is answered.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Done,
    Timeout,
    Unsent,
    RateLimited,
    BreakerOpen,
    Conflict,
}

/// A request that may take effect.
#[derive(Debug)]
struct Request {
    /// `None` when nobody waits for its answer any more.
    caller: Option<(usize, Serial)>,
    place: (i32, i64),
    resource: Vec<u8>,
    /// Of the schema that comes late.
    late: bool,
    step: Step,
    effect_at: Option<i64>,
    reply: Reply,
    answer_at: i64,
    /// Until when it may take effect; one that timed out outlives its answer.
    alive_until: i64,
}

/// What the target has of requests, and what it has done.
#[derive(Default)]
pub struct Targets {
    requests: Vec<Request>,
    /// Effects, in order: resource and command.
    audit: Vec<(Vec<u8>, (i32, i64))>,
}

/// The port of one process.
pub struct Calls {
    pub world: Rc<RefCell<World>>,
    pub instance: usize,
}

// === impl Targets ===

impl Targets {
    /// Time has passed: what is due takes effect.
    pub fn pass(&mut self, now: i64) -> Result<(), String> {
        let mut due: Vec<(i64, usize)> = self
            .requests
            .iter()
            .enumerate()
            .filter_map(|(index, request)| Some((request.effect_at.filter(|at| *at <= now)?, index)))
            .collect();
        due.sort_unstable();
        for (_, index) in due {
            let request = &mut self.requests[index];
            request.effect_at = None;
            let (resource, place, late) = (request.resource.clone(), request.place, request.late);
            self.take_effect(resource, place, late)?;
        }
        self.requests.retain(|request| request.alive_until > now || request.caller.is_some());
        Ok(())
    }

    fn take_effect(&mut self, resource: Vec<u8>, place: (i32, i64), late: bool) -> Result<(), String> {
        match self.last(&resource) {
            // The resource is like that already.
            Some(last) if last == place => return Ok(()),
            Some(last) if last.1 > place.1 && late => {}
            Some(last) if last.1 > place.1 => return Err(format!("{place:?} undoes {last:?}")),
            _ => {}
        }
        self.audit.push((resource, place));
        Ok(())
    }

    fn last(&self, resource: &[u8]) -> Option<(i32, i64)> {
        self.audit.iter().rev().find(|(changed, _)| changed == resource).map(|(_, place)| *place)
    }

    /// A process is gone, or has cancelled one of its calls: nobody waits for these answers any more.
    pub fn give_up(&mut self, instance: usize, serial: Option<Serial>, now: i64) {
        for request in &mut self.requests {
            if request.caller.is_some_and(|(of, call)| of == instance && serial.is_none_or(|s| s == call)) {
                request.caller = None;
                if request.alive_until > now {
                    request.alive_until = now + LIFETIME_MS;
                    request.effect_at = request.effect_at.filter(|at| *at < now + LIFETIME_MS);
                }
            }
        }
    }
}

// === impl Calls ===

impl TargetCalls for Calls {
    fn start(&mut self, serial: Serial, command: Arc<Command>, step: Step) {
        let mut world = self.world.borrow_mut();
        let world = &mut *world;
        let record = &command.issued.record;
        let (place, resource) = ((record.partition, record.offset), record.key.clone().unwrap());
        let now = world.now;
        let alive = |request: &&Request| {
            let other = !request.late || request.place == place;
            request.resource == resource && request.alive_until > now && other
        };
        if let Some(other) = world.targets.requests.iter().find(alive) {
            let other = format!("{place:?} is sent while {:?} is alive", other.place);
            world.violated(other);
        }
        let took = world.dice.between(1, 400);
        let (reply, effect_at) = match if world.calm { 99 } else { world.dice.index(100) } {
            0..5 => (Reply::Timeout, Some(now + took / 2)),
            5..10 => (Reply::Timeout, Some(now + took + world.dice.between(0, LIFETIME_MS))),
            10..13 => (Reply::Timeout, None),
            13..16 => (Reply::Unsent, None),
            16..18 => (Reply::RateLimited, None),
            18..20 => (Reply::BreakerOpen, None),
            20..22 => (Reply::Conflict, None),
            _ => (Reply::Done, Some(now + took / 2)),
        };
        world.note(format!("{}: {step:?} for {place:?}: {reply:?}", self.instance));
        world.targets.requests.push(Request {
            caller: Some((self.instance, serial)),
            place,
            resource,
            late: is_late(record),
            step,
            effect_at: effect_at.filter(|_| step == Step::Write),
            reply,
            answer_at: now + took,
            alive_until: match (reply, step) {
                (Reply::Timeout, Step::Write) => now + took + LIFETIME_MS,
                _ => now + took,
            },
        });
    }

    fn cancel(&mut self, serial: Serial) {
        let mut world = self.world.borrow_mut();
        let now = world.now;
        world.targets.give_up(self.instance, Some(serial), now);
    }

    fn answer(&mut self, wait: Duration) -> Option<Input> {
        let mut world = self.world.borrow_mut();
        let mine = |request: &Request| request.caller.is_some_and(|(of, _)| of == self.instance);
        let next = world.targets.requests.iter().filter(|r| mine(r)).map(|r| r.answer_at).min()?;
        let (now, wait) = (world.now, wait.as_millis() as i64);
        if next > now {
            world.advance(wait.min(next - now));
        }
        let now = world.now;
        let targets = &mut world.targets;
        let at = targets.requests.iter().position(|r| mine(r) && r.answer_at <= now)?;
        let request = &mut targets.requests[at];
        let (_, serial) = request.caller.take()?;
        let (reply, step, place) = (request.reply, request.step, request.place);
        let resource = request.resource.clone();
        let same = targets.last(&resource) == Some(place);
        Some(answered(serial, reply, step, same))
    }
}

fn answered(serial: Serial, reply: Reply, step: Step, same: bool) -> Input {
    let mut health = Health::Well;
    let failed = |kind, sent, retry_after_ms| {
        Answer::Failed(Failure {
            kind,
            sent,
            status: None,
            code: None,
            message: "it failed".to_owned(),
            retry_after_ms,
        })
    };
    let answer = match (reply, step) {
        (Reply::Done, Step::Write) => Answer::Written { status: 204 },
        (Reply::Done, Step::Read) if same => Answer::Same,
        (Reply::Done, Step::Read) => Answer::Different { difference: "{}".to_owned() },
        (Reply::Timeout, _) => failed(FailureKind::Timeout, true, None),
        (Reply::Unsent, _) => failed(FailureKind::Unavailable, false, None),
        (Reply::RateLimited, _) => failed(FailureKind::RateLimited, true, Some(300)),
        (Reply::BreakerOpen, _) => {
            health = Health::Open { for_ms: 700 };
            failed(FailureKind::BreakerOpen, false, Some(700))
        }
        (Reply::Conflict, _) => failed(FailureKind::Conflict, true, None),
    };
    Input::Answered { serial, answer, health, attempts: 1 }
}
