//! Asks for the ends of the input's partitions on a thread of its own.

use std::sync::mpsc;
use std::time::Duration;

use trunkline_kafka::EndOffsets;

use crate::engine::InputEnds;

/// How long one question may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two questions to brokers that do not answer.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Answers one question after the other.
pub struct EndsThread {
    questions: mpsc::Sender<Vec<i32>>,
    answers: mpsc::Receiver<Vec<(i32, i64)>>,
}

// === impl EndsThread ===

impl EndsThread {
    /// Starts the thread; it ends with its owner.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(client: EndOffsets) -> Result<Self, std::io::Error> {
        let (questions, asked) = mpsc::channel::<Vec<i32>>();
        let (answer, answers) = mpsc::channel();
        std::thread::Builder::new().name("input-ends".to_owned()).spawn(move || {
            let mut reachable = true;
            while let Ok(partitions) = asked.recv() {
                let ends = client.ends(&partitions, CALL_TIMEOUT);
                if let Err(error) = &ends {
                    // Said once: until the brokers answer, nothing that is held for its order goes on for lack of
                    // anything behind it.
                    if std::mem::replace(&mut reachable, false) {
                        tracing::warn!(%error, "asking where partitions end; holds wait for it");
                    }
                    std::thread::sleep(RETRY_AFTER);
                }
                reachable |= ends.is_ok();
                if answer.send(ends.unwrap_or_default()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { questions, answers })
    }
}

impl InputEnds for EndsThread {
    fn ask(&mut self, partitions: Vec<i32>) {
        // The thread is gone only when the process ends.
        let _ = self.questions.send(partitions);
    }

    fn answer(&mut self) -> Option<Vec<(i32, i64)>> {
        self.answers.try_recv().ok()
    }
}
