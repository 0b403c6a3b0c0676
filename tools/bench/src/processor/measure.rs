//! Following a process through its input, and what it did in a part of it.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::broker::Progress;
use super::process::Process;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// A process that uses less than this share of a processor has nothing left to do: no compaction, no flush.
const QUIET: f64 = 0.05;

/// How long it may go on after its last event.
const QUIET_PATIENCE: Duration = Duration::from_secs(120);

/// A process that finishes nothing for this long hangs.
const PATIENCE: Duration = Duration::from_secs(180);

/// One look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Seconds since the first look.
    pub at: f64,
    /// Seconds of processor time used so far.
    pub cpu: f64,
    /// Events finished: their offset is committed.
    pub finished: u64,
    /// Bytes resident.
    pub resident: u64,
}

/// What happened between two looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Events finished.
    pub events: f64,
    /// Seconds on the wall clock.
    pub seconds: f64,
    /// Seconds of processor time.
    pub cpu_seconds: f64,
}

/// Looks at a process until it has finished `goal` events.
///
/// # Errors
/// When it ends, or stands still for three minutes.
pub fn follow(process: &mut Process, progress: &Progress, goal: u64) -> anyhow::Result<Vec<Sample>> {
    let started = Instant::now();
    let mut samples: Vec<Sample> = Vec::new();
    let mut moved = Instant::now();
    loop {
        process.still_runs()?;
        // The time is taken with the processor time: the answer about offsets may take some milliseconds.
        let finished = progress.finished()?;
        let sample = Sample {
            at: started.elapsed().as_secs_f64(),
            cpu: process.cpu_seconds()?,
            finished,
            resident: process.memory()?.resident,
        };
        if samples.last().is_none_or(|last| last.finished < finished) {
            moved = Instant::now();
        }
        samples.push(sample);
        if finished >= goal {
            return Ok(samples);
        }
        if moved.elapsed() > PATIENCE {
            bail!("it stands still at {finished} of {goal} events; its log ends:\n{}", process.log_end());
        }
        std::thread::sleep(INTERVAL);
    }
}

/// Waits until a process that has finished its input uses no processor time to speak of.
///
/// # Errors
/// When it ends, or is still busy after two minutes.
pub fn until_quiet(process: &mut Process) -> anyhow::Result<()> {
    let started = Instant::now();
    while started.elapsed() < QUIET_PATIENCE {
        let before = process.cpu_seconds()?;
        std::thread::sleep(Duration::from_secs(1));
        process.still_runs()?;
        if process.cpu_seconds()? - before < QUIET {
            return Ok(());
        }
    }
    bail!("it is busy long after its last event; its log ends:\n{}", process.log_end())
}

/// What happened from the look that first saw `from` events finished to the one that first saw `to`.
pub fn stretch(samples: &[Sample], from: u64, to: u64) -> Option<Stretch> {
    let first = samples.iter().find(|sample| sample.finished >= from)?;
    let last = samples.iter().find(|sample| sample.finished >= to)?;
    let seconds = last.at - first.at;
    (seconds > 0.0).then(|| Stretch {
        events: last.finished.saturating_sub(first.finished) as f64,
        seconds,
        cpu_seconds: last.cpu - first.cpu,
    })
}

/// The resident memory in the middle of the looks after `from` events were finished, in bytes.
pub fn resident(samples: &[Sample], from: u64) -> f64 {
    let after = samples.iter().filter(|sample| sample.finished >= from);
    crate::report::median(after.map(|sample| sample.resident as f64).collect())
}

// === impl Stretch ===

impl Stretch {
    /// Events per second on the wall clock.
    pub fn per_second(&self) -> f64 {
        self.events / self.seconds
    }

    /// Events per second of processor time.
    pub fn per_cpu_second(&self) -> f64 {
        self.events / self.cpu_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_what_lies_between_two_looks() {
        let sample = |at, cpu, finished, resident| Sample { at, cpu, finished, resident };
        let samples = [
            sample(0.0, 0.5, 0, 10),
            sample(0.1, 0.7, 90, 20),
            sample(0.2, 0.8, 110, 40),
            sample(0.3, 1.0, 200, 30),
            sample(0.4, 1.3, 320, 50),
        ];
        let found = stretch(&samples, 100, 300).unwrap();
        assert!((found.per_second() - 210.0 / 0.2).abs() < 1e-6);
        assert!((found.per_cpu_second() - 210.0 / 0.5).abs() < 1e-6);
        assert_eq!(stretch(&samples, 100, 400), None);
        assert_eq!(stretch(&samples, 310, 320), None);
        assert!((resident(&samples, 100) - 40.0).abs() < f64::EPSILON);
    }
}
