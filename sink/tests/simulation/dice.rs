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
        self.0.random_bool(probability)
    }

    /// From `low` (inclusive) to `high` (exclusive).
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..high)
    }

    /// An index below `length`.
    pub fn index(&mut self, length: usize) -> usize {
        self.0.random_range(0..length)
    }
}
