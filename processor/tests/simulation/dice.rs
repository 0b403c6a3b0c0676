//! The one source of chance of a run: the same seed gives the same throws.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

/// Chance, from a seed.
pub struct Dice(Xoshiro256PlusPlus);

// === impl Dice ===

impl Dice {
    /// Throws by this seed.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// True this often, of 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.0.random_bool(probability.min(1.0))
    }

    /// From `low` (inclusive) to `high` (exclusive).
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if high <= low { low } else { self.0.random_range(low..high) }
    }

    /// An index below `length`.
    pub fn index(&mut self, length: usize) -> usize {
        self.0.random_range(0..length.max(1))
    }

    /// One of these.
    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.index(of.len())]
    }

    /// One of these, to change it.
    pub fn pick_mut<'t, T>(&mut self, of: &'t mut [T]) -> &'t mut T {
        let index = self.index(of.len());
        &mut of[index]
    }

    /// Another order.
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for last in (1..of.len()).rev() {
            let other = self.index(last + 1);
            of.swap(last, other);
        }
    }

    /// Another source of chance, that this one's later throws do not change.
    pub fn fork(&mut self) -> Self {
        Self::new(self.0.random())
    }
}
