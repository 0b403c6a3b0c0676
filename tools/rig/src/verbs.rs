//! What `./run` can be asked to do, but for `clean` and `help`, which need no Rust.
//!
//! # Layout
//!
//! - [`pipeline`]: `demo`, `up`, `chaos` and `broker`
//! - [`test`], [`check`], [`simulate`], [`bench`]: those verbs

mod bench;
mod check;
mod pipeline;
mod simulate;
mod test;

use anyhow::bail;

use crate::arguments::Arguments;
use crate::launcher::run::Run;

/// Does what the verb says; the exit code.
///
/// # Errors
/// When something that it needs cannot be had.
pub async fn perform(run: &mut Run, arguments: Arguments) -> anyhow::Result<u8> {
    let Arguments { verb, rest, .. } = arguments;
    match verb.as_str() {
        "demo" | "up" => pipeline::trunkline(run, &verb, &rest).await,
        "chaos" => pipeline::chaos(run, &rest).await,
        "broker" => pipeline::broker(run).await,
        "test" => test::run(run, &rest).await,
        "check" => check::run(run, &rest).await,
        "simulate" => simulate::run(run, &rest).await,
        "bench" => bench::run(run, &rest).await,
        _ => bail!("there is no verb {verb}"),
    }
}
