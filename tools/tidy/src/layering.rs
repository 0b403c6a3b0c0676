//! Dependencies point one way, and a pure crate cannot reach a socket, a broker or a disk, not even through another.

use std::collections::BTreeSet;
use std::process::Command;

use crate::finding::Finding;

/// Crates whose functions depend on their arguments alone.
pub const PURE: &[&str] =
    &["backoff", "schemas", "systems", "plugin", "config", "rules", "mapping", "profiles", "partition"];

/// What a pure crate must not depend on.
const IMPURE: &[&str] = &["axum", "reqwest", "tokio", "rdkafka", "rocksdb"];

/// The three programs that share nothing but Kafka.
const PROGRAMS: &[&str] = &["trunkline-ingest", "trunkline-processor", "trunkline-sink"];

/// A rule: none of the first may depend on any of the second, because of the third.
const FORBIDDEN: &[(&[&str], &[&str], &str)] = &[
    (
        PURE,
        IMPURE,
        "a pure crate can be used in a simulation, a replay and a test, without a broker or a runtime",
    ),
    (
        &["telemetry", "connect", "secrets", "simulators"],
        &["rdkafka"],
        "trunkline-kafka alone decides librdkafka's settings; the verifier, which judges it, has its own",
    ),
    (
        &["ingest", "processor", "sink"],
        &["trunkline-simulators", "trunkline-load", "trunkline-rig", "trunkline-verifier"],
        "the pipeline does not know who plays the world and who judges it",
    ),
    (
        &["chaos"],
        &["trunkline-kafka", "trunkline-ingest", "trunkline-processor", "trunkline-sink"],
        "chaos breaks the pipeline from outside",
    ),
    (&["cli"], PROGRAMS, "the command-line tool talks to the programs from outside, like any other user"),
    (
        &["plugin"],
        &["trunkline-config", "trunkline-rules", "trunkline-telemetry", "trunkline-kafka"],
        "a stranger's plugin compiles quickly",
    ),
    (&["verifier"], &["trunkline-"], "the verifier judges the others and shares no code with them"),
];

/// The crates that `trunkline-<name>` is built with, itself left out; nothing where the crate does not exist.
///
/// # Errors
/// What cargo says when it cannot resolve the dependencies.
pub fn dependencies(name: &str) -> Result<Option<BTreeSet<String>>, String> {
    let package = format!("trunkline-{name}");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "tree",
            "--offline",
            "--quiet",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "-p",
            &package,
        ])
        .current_dir(crate::tree::root())
        .output()
        .map_err(|error| format!("cargo tree cannot be started: {error}"))?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    if message.contains("did not match any packages") {
        return Ok(None);
    }
    if !output.status.success() {
        return Err(message);
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    Ok(Some(names.filter(|name| *name != package).map(str::to_owned).collect()))
}

/// Finds crates that depend on what they must not, and listed crates that do not exist.
///
/// # Errors
/// Those of [`dependencies`].
pub fn check() -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for (crates, forbidden, why) in FORBIDDEN {
        for name in *crates {
            match dependencies(name)? {
                Some(has) => findings.extend(refused(name, &has, forbidden, why)),
                None => findings.push(Finding::at(
                    "tools/tidy/src/layering.rs:1".to_owned(),
                    format!("trunkline-{name} is listed and does not exist"),
                )),
            }
        }
    }
    Ok(findings)
}

/// What stands against a rule in the dependencies of one crate.
fn refused(name: &str, has: &BTreeSet<String>, forbidden: &[&str], why: &str) -> Vec<Finding> {
    let meant = |dependency: &&String| {
        forbidden.iter().any(|one| *one == *dependency || one.ends_with('-') && dependency.starts_with(one))
    };
    let finding = |dependency: &String| {
        Finding::at(
            format!("trunkline-{name}: Cargo.toml:1"),
            format!("depends on {dependency}, if not itself then through another crate: {why}"),
        )
    };
    has.iter().filter(meant).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::expect_none;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn no_crate_depends_on_what_it_must_not() {
        expect_none(
            &check().unwrap(),
            "`cargo tree -e normal -p CRATE -i DEPENDENCY` shows the way it comes in by.",
        );
    }

    #[test]
    fn dependencies_of_dependencies_are_seen() {
        let has = dependencies("processor").unwrap().unwrap();
        assert!(has.contains("rocksdb") && has.contains("tokio") && !has.contains("trunkline-processor"));
        assert!(dependencies("no-such-crate").unwrap().is_none());
    }

    #[test]
    fn what_is_forbidden_is_found_by_name_or_by_family() {
        let has = set(&["serde", "tokio", "tokio-util", "trunkline-kafka"]);
        let found = |forbidden: &[&str]| refused("x", &has, forbidden, "so it is").len();
        assert_eq!((found(IMPURE), found(&["trunkline-"]), found(&["rdkafka", "toki"])), (1, 1, 0));
    }
}
