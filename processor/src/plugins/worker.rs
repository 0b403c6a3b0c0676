//! The thread that a plugin runs on: whatever the plugin does there, it does to itself.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use trunkline_partition::plugins::{Message, MessageContent, Question, Ready};
use trunkline_plugin::{Actions, Context, Factory, Health, Plugin};

/// How often a plugin is asked how it is.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// Starts a thread with a plugin of its own. It ends when the sender it returns is gone. A question comes with the time
/// after which nobody waits for it.
pub(super) fn start(
    factory: Factory,
    settings: Value,
    plugin: usize,
    thread: u64,
    queue: usize,
    messages: Sender<Message>,
) -> std::io::Result<SyncSender<(Question, Instant)>> {
    let (sender, questions) = sync_channel(queue);
    let report = move |content| {
        // Nobody receives only when the process ends.
        let _ = messages.send(Message { plugin, thread, content });
    };
    std::thread::Builder::new().name(format!("plugin-{}", factory.name())).spawn(move || {
        Worker { factory, settings, plugin: None, checked: Instant::now() }.work(&questions, &report);
        report(MessageContent::Ended);
    })?;
    Ok(sender)
}

struct Worker {
    factory: Factory,
    settings: Value,
    /// None before it is made, and after it panicked.
    plugin: Option<Box<dyn Plugin>>,
    checked: Instant,
}

// === impl Worker ===

impl Worker {
    fn work(mut self, questions: &Receiver<(Question, Instant)>, report: &impl Fn(MessageContent)) {
        let started = guarded(|| {
            let plugin = self.made()?;
            Ok(Ready { events: plugin.events(), lookups: plugin.lookups() })
        });
        report(MessageContent::Started(started));
        loop {
            match questions.recv_timeout(HEALTH_EVERY) {
                Ok((question, until)) if until <= Instant::now() => {
                    report(MessageContent::Skipped { ticket: question.ticket });
                }
                Ok((question, _)) => {
                    let began = Instant::now();
                    let result = self.handle(&question);
                    report(MessageContent::Answered {
                        ticket: question.ticket,
                        result,
                        took: began.elapsed(),
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.check_health(report);
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
            let plugin = self.made()?;
            let actions = match &question.answers {
                None => plugin.handle(&question.event, &context),
                Some(answers) => plugin.answered(&question.event, answers, &context),
            };
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

    fn check_health(&mut self, report: &impl Fn(MessageContent)) {
        if self.checked.elapsed() < HEALTH_EVERY {
            return;
        }
        self.checked = Instant::now();
        if let Some(plugin) = &mut self.plugin {
            match guarded(|| Ok(plugin.health())) {
                Ok(health) => report(MessageContent::Health(health)),
                Err(panicked) => {
                    self.plugin = None;
                    report(MessageContent::Health(Health::Poor(panicked)));
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
