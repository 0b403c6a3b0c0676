//! `check`: format, lints, scripts, licences, tests. Layering, alert rules and the other rules of the repository are
//! tests in `tools/tidy`.
//!
//! # Layout
//!
//! - [`licences`]: what may be depended on

mod licences;

use anyhow::bail;

use super::test;
use crate::launcher::run::Run;

/// All that a change must pass. The arguments are those of the tests.
///
/// # Errors
/// The first thing that is not in order.
pub async fn run(run: &mut Run, rest: &[String]) -> anyhow::Result<u8> {
    run.say("format");
    cargo(run, &["fmt", "--all", "--check"], "format: 'cargo fmt --all' puts it right").await?;
    run.say("lints");
    let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    cargo(run, &lints, "lints: see above").await?;
    if is_there(run, "shellcheck").await {
        tool(run, "shellcheck", &["run", ".ci/run"], "shellcheck: see above").await?;
    } else {
        run.say("no shellcheck here: the scripts stay unchecked");
    }
    run.say("licences");
    licences::check(run).await?;
    run.say("tests");
    test::run(run, rest).await
}

async fn cargo(run: &mut Run, arguments: &[&str], refusal: &str) -> anyhow::Result<()> {
    let mut command = run.cargo();
    if run.foreground(command.args(arguments)).await? != 0 {
        bail!("{refusal}");
    }
    Ok(())
}

async fn tool(run: &mut Run, program: &str, arguments: &[&str], refusal: &str) -> anyhow::Result<()> {
    let mut command = run.command(program);
    command.current_dir(&run.root).args(arguments);
    if run.foreground(&mut command).await? != 0 {
        bail!("{refusal}");
    }
    Ok(())
}

async fn is_there(run: &Run, program: &str) -> bool {
    run.command(program).arg("--version").output().await.is_ok_and(|output| output.status.success())
}
