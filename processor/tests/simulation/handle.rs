//! How a port reaches the world: to look at it, and to have something happen in the middle of a call. While one process
//! is held up in a call the others go on, so whatever can happen between two calls of a process does.

use std::cell::RefMut;
use std::rc::Rc;

use crate::schedule::TestBed;
use crate::world::World;

/// The process dies here. It is unwound, and caught by who runs it.
pub struct Crash;

/// What is at stake in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Nothing is under way.
    Idle,
    /// Something is.
    UnderWay,
}

/// What happens in a call.
enum Fault {
    Crash,
    /// Milliseconds; with another process under the same name meanwhile.
    Freeze(i64, bool),
    /// Milliseconds.
    Others(i64),
}

/// One process's way to the world.
#[derive(Clone)]
pub struct Handle {
    bed: Rc<TestBed>,
    /// The process.
    pub number: usize,
}

// === impl Handle ===

impl Handle {
    /// For the process of this number.
    pub fn new(bed: Rc<TestBed>, number: usize) -> Self {
        Self { bed, number }
    }

    /// The world, for a moment: nothing else runs while it is held.
    pub fn world(&self) -> RefMut<'_, World> {
        self.bed.world.borrow_mut()
    }

    /// Lets time pass in a call; the others go on.
    pub fn pass(&self, milliseconds: i64) {
        self.bed.pass(milliseconds);
        self.die_if_doomed();
    }

    /// A call begins, or comes to its middle: anything may happen.
    pub fn point(&self, activity: Activity) {
        let fault = self.fault(activity);
        match fault {
            None => self.die_if_doomed(),
            Some(Fault::Crash) => std::panic::resume_unwind(Box::new(Crash)),
            Some(Fault::Others(milliseconds)) => self.pass(milliseconds),
            Some(Fault::Freeze(milliseconds, usurped)) => {
                self.world().set_frozen(self.number, true);
                if usurped {
                    self.bed.usurp(self.number);
                }
                self.bed.pass(milliseconds);
                self.world().set_frozen(self.number, false);
                self.die_if_doomed();
            }
        }
    }

    fn fault(&self, activity: Activity) -> Option<Fault> {
        let mut world = self.world();
        if !world.strikes(activity) {
            return None;
        }
        let throw = world.dice.between(0, 10_000) as f64 / 10_000.0;
        let (crash, freeze) = (world.plan.crash, world.plan.freeze);
        Some(if throw < crash {
            world.note("crash", || format!("process {} at a call ({activity:?})", self.number));
            Fault::Crash
        } else if throw < crash + freeze {
            let milliseconds = world.dice.between(500, 25_000);
            let share = world.plan.usurped;
            let usurped = world.dice.chance(share);
            world.note("freeze", || {
                format!("process {} for {milliseconds} ms (usurped: {usurped})", self.number)
            });
            Fault::Freeze(milliseconds, usurped)
        } else {
            let milliseconds = world.dice.between(1, 120);
            world.note("others go first", || format!("process {} waits {milliseconds} ms", self.number));
            Fault::Others(milliseconds)
        })
    }

    /// A run that is judged already is taken down at once.
    fn die_if_doomed(&self) {
        if self.world().verdict.is_some() {
            std::panic::resume_unwind(Box::new(Crash));
        }
    }
}
