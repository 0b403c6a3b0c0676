//! `simulate`: the processor through everything that can break, in virtual time.

use anyhow::{Context as _, bail};

use crate::launcher::run::Run;

/// One seed, or many; a failing one says how to see it again.
///
/// # Errors
/// When it is asked for otherwise, or cargo cannot be run.
pub async fn run(run: &mut Run, rest: &[String]) -> anyhow::Result<u8> {
    let variables = variables(rest)?;
    let mut cargo = run.cargo();
    cargo.args(["test", "--quiet", "--workspace", "--test", "simulation"]);
    cargo.args(["--", "--nocapture", "whatever_happens"]).envs(variables);
    run.foreground(&mut cargo).await
}

/// What the simulation is told by its environment.
fn variables(words: &[String]) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut variables = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, value) =
            word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let variable = match name {
            "--seed" => "TRUNKLINE_SIMULATION_SEED",
            "--seeds" => "TRUNKLINE_SIMULATION_SEEDS",
            _ => bail!("simulate takes --seeds N or --seed N, not {word}"),
        };
        let value = value.or_else(|| words.next().map(String::as_str));
        let value = value.with_context(|| format!("{name} needs a value"))?;
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            bail!("{name} takes a number, not '{value}'");
        }
        variables.push((variable, value.to_owned()));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Vec<(&'static str, String)>, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        variables(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn seeds_are_numbers() {
        assert_eq!(read("--seed 7").unwrap(), [("TRUNKLINE_SIMULATION_SEED", "7".to_owned())]);
        assert_eq!(read("--seeds=90").unwrap(), [("TRUNKLINE_SIMULATION_SEEDS", "90".to_owned())]);
        assert_eq!(read("--seeds x").unwrap_err(), "--seeds takes a number, not 'x'");
        assert_eq!(read("--seed").unwrap_err(), "--seed needs a value");
        assert_eq!(read("-x").unwrap_err(), "simulate takes --seeds N or --seed N, not -x");
    }
}
