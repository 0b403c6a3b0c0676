//! The `rig` binary: what `./run` hands over to once there is a Rust to build it with. It starts a broker and
//! a registry, builds what a verb runs, runs it, and ends everything that it started.
//!
//! # Layout
//!
//! - [`arguments`]: the command line, as `./run` passes it on
//! - [`launcher`]: the run's folder and processes, the broker, the registry, what is fetched for them, the build
//! - [`verbs`]: `demo`, `up`, `chaos`, `test`, `check`, `simulate`, `bench`, `broker`

mod arguments;
mod launcher;
mod verbs;

use std::path::Path;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::launcher::guard;
use crate::launcher::run::Run;
use crate::launcher::signals::Signals;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.as_slice() {
        [verb, folder] if verb == guard::VERB => guard::watch(Path::new(folder)).await.map(|()| 0),
        _ => perform(words).await,
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the verb says until it is done or a signal comes, and ends what was started for it.
async fn perform(words: Vec<String>) -> anyhow::Result<u8> {
    // Also where they were ignored, as SIGINT is in the background of a script.
    let mut signals = Signals::listen()?;
    let arguments = Arguments::read(words)?;
    let mut run = Run::open(&arguments)?;
    let outcome = tokio::select! {
        outcome = verbs::perform(&mut run, arguments) => outcome,
        code = signals.next() => Ok(code),
    };
    run.close().await;
    outcome
}
