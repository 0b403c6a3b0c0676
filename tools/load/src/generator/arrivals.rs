//! When people call: a Poisson process whose rate follows the hours of a day.

use super::dice::Dice;

/// Calls per hour relative to the day's mean, at a position in the day from 0 to 1: quiet at both ends, busiest late in
/// the morning, a second peak in the afternoon. Its mean over the day is 1.
pub(crate) fn intensity(position: f64) -> f64 {
    let peak = |centre: f64, width: f64| (-((position - centre) / width).powi(2) / 2.0).exp();
    // Mean of the unscaled curve, by numerical integration over [0, 1].
    const MEAN: f64 = 0.835_2;
    (0.4 + 0.9 * peak(0.32, 0.10) + 0.7 * peak(0.68, 0.12)) / MEAN
}

/// No position of the day is busier than this.
pub(crate) const BUSIEST: f64 = 1.57;

/// Arrival times in milliseconds from the start, in order, until `length_ms`.
#[derive(Debug)]
pub(crate) struct Arrivals {
    per_ms: f64,
    length_ms: f64,
    now_ms: f64,
}

impl Arrivals {
    /// `expected` arrivals over the whole length.
    pub(crate) fn new(expected: f64, length_ms: f64) -> Self {
        Self { per_ms: expected / length_ms, length_ms, now_ms: 0.0 }
    }

    /// The next arrival, by thinning a process of the busiest rate.
    pub(crate) fn next(&mut self, dice: &mut Dice) -> Option<i64> {
        if self.per_ms <= 0.0 {
            return None;
        }
        loop {
            self.now_ms += dice.exponential(self.per_ms * BUSIEST);
            if self.now_ms >= self.length_ms {
                return None;
            }
            if dice.chance(intensity(self.now_ms / self.length_ms) / BUSIEST) {
                return Some(self.now_ms as i64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intensity_has_mean_one_and_stays_below_its_bound() {
        let samples: Vec<f64> =
            (0..10_000).map(|step| intensity((f64::from(step) + 0.5) / 10_000.0)).collect();
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        assert!((mean - 1.0).abs() < 0.002, "mean {mean}");
        let busiest = samples.iter().copied().fold(0.0, f64::max);
        assert!(busiest <= BUSIEST && busiest > BUSIEST * 0.95, "busiest {busiest}");
    }

    #[test]
    fn arrivals_come_in_order_and_as_many_as_expected() {
        let (mut arrivals, mut dice) = (Arrivals::new(5000.0, 60_000.0), Dice::new(7));
        let times: Vec<i64> = std::iter::from_fn(|| arrivals.next(&mut dice)).collect();
        assert!(times.is_sorted());
        // Four standard deviations of a Poisson count.
        assert!((times.len() as f64 - 5000.0).abs() < 4.0 * 5000_f64.sqrt(), "{}", times.len());
        let quiet = times.iter().filter(|time| **time < 6_000).count();
        let busy = times.iter().filter(|time| (17_000..23_000).contains(*time)).count();
        assert!(busy > 2 * quiet, "{busy} against {quiet}");
    }
}
