//! The thread that a plugin runs on: whatever the plugin does there, it does to itself.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use trunkline_plugin::{Actions, Context, Factory, Health, Plugin};
use trunkline_schemas::EnrichedEvent;

/// How often a plugin is asked how it feels.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// A question to a plugin.
pub(super) struct Question {
    pub(super) ticket: u64,
    pub(super) event: Arc<EnrichedEvent>,
    /// UTC milliseconds.
    pub(super) now: i64,
    /// After this nobody waits.
    pub(super) until: Instant,
}

/// What a thread says.
pub(super) struct Word {
    /// Index of the plugin.
    pub(super) plugin: usize,
    /// Which of its threads speaks.
    pub(super) thread: u64,
    pub(super) said: Said,
}

/// What is said.
pub(super) enum Said {
    /// It is ready, and wants to be asked about these types of events; or it cannot be made or started.
    Started(Result<Vec<String>, String>),
    /// What it wants of an event, or how it failed; and how long it took.
    Answered { ticket: u64, result: Result<Actions, String>, took: Duration },
    /// Nobody waited any more when its turn came.
    Skipped { ticket: u64 },
    /// How it feels.
    Feels(Health),
    /// The thread is at its end.
    Ended,
}

/// Starts a thread with a plugin of its own. It ends when the sender it returns is gone.
pub(super) fn start(
    factory: Factory,
    settings: Value,
    plugin: usize,
    thread: u64,
    queue: usize,
    words: Sender<Word>,
) -> std::io::Result<SyncSender<Question>> {
    let (sender, questions) = sync_channel(queue);
    let speak = move |said| {
        // Nobody listens only when the process ends.
        let _ = words.send(Word { plugin, thread, said });
    };
    std::thread::Builder::new().name(format!("plugin-{}", factory.name())).spawn(move || {
        Worker { factory, settings, plugin: None, felt: Instant::now() }.work(&questions, &speak);
        speak(Said::Ended);
    })?;
    Ok(sender)
}

struct Worker {
    factory: Factory,
    settings: Value,
    /// None before it is made, and after it panicked.
    plugin: Option<Box<dyn Plugin>>,
    felt: Instant,
}

// === impl Worker ===

impl Worker {
    fn work(mut self, questions: &Receiver<Question>, speak: &impl Fn(Said)) {
        let started = guarded(|| {
            let plugin = self.made()?;
            Ok(plugin.events())
        });
        speak(Said::Started(started));
        loop {
            match questions.recv_timeout(HEALTH_EVERY) {
                Ok(question) if question.until <= Instant::now() => {
                    speak(Said::Skipped { ticket: question.ticket });
                }
                Ok(question) => {
                    let began = Instant::now();
                    let result = self.handle(&question);
                    speak(Said::Answered { ticket: question.ticket, result, took: began.elapsed() });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.feel(speak);
        }
        let _ = guarded(|| {
            if let Some(mut plugin) = self.plugin.take() {
                plugin.stop();
            }
            Ok(())
        });
    }

    fn handle(&mut self, question: &Question) -> Result<Actions, String> {
        let result = guarded(|| {
            let context = Context { now: question.now, decision: None };
            let actions = self.made()?.handle(&question.event, &context);
            Ok(actions.map_err(|failure| failure.to_string()))
        });
        match result {
            Ok(result) => result,
            Err(panicked) => {
                // Whatever it holds may be half done: it is not asked again. Its end may panic as well.
                let broken = self.plugin.take();
                let _ = guarded(|| {
                    drop(broken);
                    Ok(())
                });
                Err(panicked)
            }
        }
    }

    /// The plugin; a new one where there is none.
    fn made(&mut self) -> Result<&mut dyn Plugin, String> {
        let plugin = match self.plugin.take() {
            Some(plugin) => plugin,
            None => {
                let mut plugin = self.factory.make(&self.settings).map_err(|failure| failure.to_string())?;
                plugin.start().map_err(|failure| failure.to_string())?;
                plugin
            }
        };
        Ok(&mut **self.plugin.insert(plugin))
    }

    fn feel(&mut self, speak: &impl Fn(Said)) {
        if self.felt.elapsed() < HEALTH_EVERY {
            return;
        }
        self.felt = Instant::now();
        if let Some(plugin) = &mut self.plugin {
            match guarded(|| Ok(plugin.health())) {
                Ok(health) => speak(Said::Feels(health)),
                Err(panicked) => {
                    self.plugin = None;
                    speak(Said::Feels(Health::Poor(panicked)));
                }
            }
        }
    }
}

/// Runs a plugin's code. A panic becomes an error.
fn guarded<T>(code: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code))
        .unwrap_or_else(|panic| Err(format!("it panicked: {}", text(&*panic))))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
