//! What is asked of the brokers again and again, beside the loop and whatever the loop does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long one question to a broker may take.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Why something could not be measured.
pub type MeasureError = Box<dyn std::error::Error + Send + Sync>;

/// Something that is measured at the brokers.
pub trait Measure: Send {
    /// What it is, for the log.
    fn what(&self) -> &'static str;

    /// Measures once, and sets its gauges; calls `answered` whenever a broker answers. Blocks while they are asked.
    ///
    /// # Errors
    /// What the client said of the first question that was not answered.
    fn measure(&mut self, answered: &dyn Fn()) -> Result<(), MeasureError>;
}

/// Does this for each of them, whatever came of those before, and returns the first failure: what cannot be measured
/// of one hides nothing of the others.
pub(crate) fn each<T, E>(
    subjects: impl IntoIterator<Item = T>,
    mut measure: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut measured = Ok(());
    for subject in subjects {
        let this = measure(subject);
        measured = measured.and(this);
    }
    measured
}

/// Measures on a thread of its own until dropped. The thread ends after the question that it has asked then; nobody
/// waits for that.
pub struct Measuring {
    stop: Arc<AtomicBool>,
    /// Dropping it wakes the thread.
    _wake: mpsc::Sender<()>,
}

// === impl Measuring ===

impl Measuring {
    /// Measures every `interval`, and says whenever brokers answer, until what is returned is dropped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn every(
        interval: Duration,
        mut measures: Vec<Box<dyn Measure>>,
        answered: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (wake, waking) = mpsc::channel::<()>();
        let stopped = Arc::clone(&stop);
        std::thread::Builder::new().name("measuring".into()).spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                for measure in &mut measures {
                    if stopped.load(Ordering::Acquire) {
                        return;
                    }
                    if let Err(error) = measure.measure(&answered) {
                        tracing::warn!(%error, what = measure.what(), "measuring; trying again");
                    }
                }
                // Ends early when the other side is dropped; nothing is ever sent.
                if waking.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        })?;
        Ok(Self { stop, _wake: wake })
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fails_hides_nothing_of_the_others_and_the_first_failure_is_told() {
        let mut measured = Vec::new();
        let outcome = each([1, 2, 3, 4], |subject| {
            measured.push(subject);
            if subject % 2 == 0 { Err(subject) } else { Ok(()) }
        });
        assert_eq!((outcome, measured), (Err(2), vec![1, 2, 3, 4]));
        assert_eq!(each([], |_: i32| Err(0)), Ok(()));
    }
}
