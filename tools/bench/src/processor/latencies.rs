//! Latencies, and what is said of them.

/// Latencies in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    sorted: Vec<f64>,
}

// === impl Latencies ===

impl Latencies {
    /// Of these, in any order.
    pub fn of(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self { sorted: milliseconds }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The middle.
    pub fn p50(&self) -> f64 {
        self.percentile(50)
    }

    /// What 99 of 100 do not exceed.
    pub fn p99(&self) -> f64 {
        self.percentile(99)
    }

    /// The longest.
    pub fn max(&self) -> f64 {
        self.percentile(100)
    }

    /// The smallest of them that so many in a hundred do not exceed; 0 when there are none.
    fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.sorted.len() * percent).div_ceil(100);
        self.sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_latencies_that_occurred() {
        let latencies = Latencies::of((1..=1_000).rev().map(f64::from).collect());
        for (found, expected) in
            [(latencies.p50(), 500.0), (latencies.p99(), 990.0), (latencies.max(), 1_000.0)]
        {
            assert!((found - expected).abs() < f64::EPSILON, "{found} {expected}");
        }
        assert_eq!(latencies.count(), 1_000);
        assert!(Latencies::of(vec![]).p99().abs() < f64::EPSILON);
        assert!((Latencies::of(vec![7.0]).p50() - 7.0).abs() < f64::EPSILON);
    }
}
