//! The command line, as `./run` passes it on: `rig --root DIR --cache DIR --elapsed SECONDS VERB [arguments]`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Folder of the repository.
    pub root: PathBuf,
    /// Folder of downloads and build output.
    pub cache: PathBuf,
    /// What `./run` took so far.
    pub elapsed: Duration,
    /// The verb.
    pub verb: String,
    /// `HOST:PORT` of the user's own broker.
    pub kafka: Option<String>,
    /// URL of the user's own registry, without a slash at its end.
    pub registry: Option<String>,
    /// Everything else, for the verb.
    pub rest: Vec<String>,
}

// === impl Arguments ===

impl Arguments {
    /// Reads the words of the command line.
    ///
    /// # Errors
    /// When one that has to be there is missing.
    pub fn read(words: Vec<String>) -> anyhow::Result<Self> {
        let mut words = words.into_iter();
        let mut given = |name: &str| match (words.next(), words.next()) {
            (Some(found), Some(value)) if found == name => Ok(value),
            _ => bail!("rig is started by ./run: {name} is missing"),
        };
        let root = PathBuf::from(given("--root")?);
        let cache = PathBuf::from(given("--cache")?);
        let elapsed = Duration::from_secs(given("--elapsed")?.parse().context("--elapsed is no number")?);
        let verb = words.next().context("rig is started by ./run: the verb is missing")?;
        let mut arguments =
            Self { root, cache, elapsed, verb, kafka: None, registry: None, rest: Vec::new() };
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if !matches!(name, "--kafka" | "--registry") {
                arguments.rest.push(word);
                continue;
            }
            let value = value.or_else(|| words.next()).with_context(|| format!("{name} needs a value"))?;
            match name {
                "--kafka" => arguments.kafka = Some(value),
                _ => arguments.registry = Some(value.strip_suffix('/').unwrap_or(&value).to_owned()),
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> anyhow::Result<Arguments> {
        let words = format!("--root /r --cache /c --elapsed 3 {line}");
        Arguments::read(words.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn broker_and_registry_are_taken_out_wherever_they_stand() {
        let read = read("demo --seconds 5 --kafka h:1 --rate=7 --registry=http://h/v7/ x").unwrap();
        assert_eq!(
            read,
            Arguments {
                root: "/r".into(),
                cache: "/c".into(),
                elapsed: Duration::from_secs(3),
                verb: "demo".to_owned(),
                kafka: Some("h:1".to_owned()),
                registry: Some("http://h/v7".to_owned()),
                rest: ["--seconds", "5", "--rate=7", "x"].map(str::to_owned).into(),
            }
        );
    }

    #[test]
    fn an_option_without_its_value_is_refused() {
        assert_eq!(read("test --kafka").unwrap_err().to_string(), "--kafka needs a value");
        assert!(Arguments::read(vec!["demo".to_owned()]).is_err());
    }
}
