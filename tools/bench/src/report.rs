//! The report of a benchmark, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What a benchmark found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Absolute figures; their unit ends their name.
    pub figures: BTreeMap<String, f64>,
    /// Figures of ours by figures of a peer, from the same run. Where less is better (memory, time) ours is
    /// the better the further below 1.
    pub ratios: BTreeMap<String, f64>,
    /// What they hold for.
    pub conditions: BTreeMap<String, String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figure) in &self.figures {
            writeln!(f, "{name:<36} {figure:>12.2}")?;
        }
        for (name, ratio) in &self.ratios {
            writeln!(f, "{name:<36} {ratio:>12.2} x")?;
        }
        for (name, condition) in &self.conditions {
            writeln!(f, "{name:<36} {condition}")?;
        }
        Ok(())
    }
}

/// The middle of some measurements, halfway between the two in the middle of an even number; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(values.len().saturating_sub(1) / 2..=middle) {
        Some([lower, upper]) => f64::midpoint(*lower, *upper),
        Some([one]) => *one,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        for (values, middle) in [
            (vec![], 0.0),
            (vec![3.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![9.0, 1.0], 5.0),
            (vec![9.0, 1.0, 2.0, 4.0], 3.0),
        ] {
            assert!((median(values) - middle).abs() < f64::EPSILON);
        }
    }
}
