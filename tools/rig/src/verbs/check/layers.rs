//! Dependencies point one way: proven here, not promised.

use anyhow::{Context as _, bail};

use crate::launcher::run::Run;

/// Crates that must not depend on others, also not by way of others, with the reason.
struct Layer {
    /// Names after `trunkline-`.
    crates: &'static [&'static str],
    /// Names of packages.
    forbidden: &'static [&'static str],
    reason: &'static str,
}

const LAYERS: &[Layer] = &[
    Layer {
        crates: &["schemas", "plugin", "config", "rules"],
        forbidden: &["tokio", "rdkafka", "rocksdb", "reqwest"],
        reason: "it decides, and asks nobody",
    },
    Layer {
        crates: &["telemetry", "connect", "load", "simulators"],
        forbidden: &["rdkafka"],
        reason: "only trunkline-kafka and trunkline-verifier know rdkafka",
    },
    Layer {
        crates: &["ingest", "processor", "sink"],
        forbidden: &["trunkline-simulators", "trunkline-load"],
        reason: "the pipeline knows nothing of what plays the world",
    },
    Layer {
        crates: &["chaos"],
        forbidden: &["trunkline-kafka", "trunkline-ingest", "trunkline-processor", "trunkline-sink"],
        reason: "chaos breaks the pipeline from outside",
    },
    Layer {
        crates: &["cli"],
        forbidden: &["trunkline-ingest", "trunkline-processor", "trunkline-sink"],
        reason: "the command-line tool talks to them from outside",
    },
    Layer {
        crates: &["plugin"],
        forbidden: &["trunkline-config", "trunkline-rules", "trunkline-telemetry", "trunkline-kafka"],
        reason: "a plugin of a stranger compiles quickly",
    },
    Layer {
        crates: &["verifier"],
        forbidden: &[
            "trunkline-schemas",
            "trunkline-plugin",
            "trunkline-config",
            "trunkline-rules",
            "trunkline-telemetry",
            "trunkline-kafka",
            "trunkline-connect",
            "trunkline-ingest",
            "trunkline-processor",
            "trunkline-sink",
            "trunkline-load",
            "trunkline-simulators",
            "trunkline-rig",
            "trunkline-chaos",
        ],
        reason: "the verifier judges the others and shares no code with them",
    },
];

/// Asks cargo what every crate of a layer depends on.
///
/// # Errors
/// The first dependency that must not be.
pub async fn check(run: &Run) -> anyhow::Result<()> {
    for Layer { crates, forbidden, reason } in LAYERS {
        for name in *crates {
            let tree = dependencies(run, name).await?;
            if let Some(found) = forbidden.iter().find(|name| depends(&tree, name)) {
                bail!("layering: trunkline-{name} must not depend on {found}: {reason}");
            }
        }
    }
    Ok(())
}

async fn dependencies(run: &Run, name: &str) -> anyhow::Result<String> {
    let mut cargo = run.cargo();
    cargo.args(["tree", "--quiet", "-p", &format!("trunkline-{name}")]);
    cargo.args(["-e", "normal", "--prefix", "none", "--format", "{p}"]);
    let output = cargo.output().await.context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo tree -p trunkline-{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a package of this name is in the tree.
fn depends(tree: &str, name: &str) -> bool {
    tree.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(" v")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_found_by_its_whole_name() {
        let tree = "trunkline-rules v0.1.0 (/x)\ntokio-util v0.7.1\nserde v1.0.0 (*)\n";
        assert!(depends(tree, "serde"));
        assert!(!depends(tree, "tokio"));
    }
}
