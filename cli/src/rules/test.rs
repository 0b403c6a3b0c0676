//! `trunkline rules test`: tries the rules on cases, by the processor's own code.

use std::path::PathBuf;
use std::process::ExitCode;

use trunkline_config::{Case, Mistake, Mistakes};
use trunkline_rules::RuleSet;
use trunkline_rules::cases::{self, Difference};

use super::files::{self, TestFile};
use crate::config_file::ConfigFile;
use crate::count::count;

/// Tries the rules on cases: every file *.rules-test.toml beside the configuration, or those named
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// Files of cases, instead of those beside the configuration
    #[arg(value_name = "CASES")]
    cases: Vec<PathBuf>,
    /// Only cases whose name holds this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Names every case and how it went; fails if one of them did.
///
/// # Errors
/// Every mistake in the configuration, or in a file of cases.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load_without_secrets()?;
    let paths = match args.cases.is_empty() {
        true => files::beside(&args.file.config)?,
        false => args.cases.clone(),
    };
    if paths.is_empty() {
        anyhow::bail!(
            "no file *{} lies beside {}; see docs/rules.md",
            files::SUFFIX,
            args.file.config.display()
        );
    }
    let files = files::load(paths, &config)?;
    let mut rules = RuleSet::compile(&config)?;
    let (mut passed, mut failed) = (0, 0);
    for TestFile { path, cases } in &files {
        let file = path.display().to_string();
        for case in cases.iter().filter(|case| args.only.as_ref().is_none_or(|text| case.name.contains(text)))
        {
            let differences =
                cases::differences(case, &mut rules).map_err(|reason| no_event(&file, case, &reason))?;
            print!("{}", told(&file, case, &differences));
            match differences.is_empty() {
                true => passed += 1,
                false => failed += 1,
            }
        }
    }
    println!(
        "{}: {passed} passed, {failed} failed; rule set {}",
        count(passed + failed, "case"),
        config.rules.version
    );
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How a case went: one line, and under it what differs.
fn told(file: &str, case: &Case, differences: &[Difference]) -> String {
    if differences.is_empty() {
        return format!("ok    {}\n", case.name);
    }
    let mut told = format!("FAIL  {}\n", case.name);
    for Difference { place, what, expected, found } in differences {
        told += &format!("      {file}:{}:{} {what}\n", place.line, place.column);
        told += &format!("        expected  {expected}\n        found     {found}\n");
    }
    told
}

/// A case that makes no event is a mistake in its file.
fn no_event(file: &str, case: &Case, reason: &str) -> Mistakes {
    let message = format!("case '{}': {reason}", case.name);
    Mistakes::one(Mistake {
        file: file.to_owned(),
        line: case.place.line,
        column: case.place.column,
        message,
    })
}
