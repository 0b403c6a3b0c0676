//! What the figures hold for: machine, versions, settings.

use super::configuration::{COMMIT_INTERVAL_MS, PARTITIONS};
use crate::report::Report;

/// Adds what is the same for all parts.
pub fn add(quick: bool, report: &mut Report) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let value = text.lines().find(|line| line.starts_with(name))?.split_once(':')?.1;
        Some(value.trim().to_owned())
    };
    let unknown = || "unknown".to_owned();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown);
    let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_else(unknown);
    let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
    let java = std::process::Command::new("java").arg("-version").output();
    let java = java.map(|output| String::from_utf8_lossy(&output.stderr).lines().next().map(str::to_owned));
    for (name, value) in [
        ("size", if quick { "quick: smaller than the targets ask for" } else { "full" }.to_owned()),
        ("machine", format!("{cores} cores of {processor}, {memory} of memory, Linux {kernel}")),
        ("trunkline", format!("{} ({})", env!("CARGO_PKG_VERSION"), build())),
        ("java", java.ok().flatten().unwrap_or_else(unknown)),
        (
            "setting",
            format!(
                "{PARTITIONS} partitions, commit every {COMMIT_INTERVAL_MS} ms, one broker on the same machine, input in its \
                 topic beforehand but for latencies, one contender at a time; processor time is that of the contender's \
                 process alone"
            ),
        ),
        (
            "profiles",
            "500 customers; Trunkline looks each up once in simulated CRMs during the warm-up and has it in memory from then \
             on, but for slow lookups; Kafka Streams has them in a global store and decoded in memory from the start"
                .to_owned(),
        ),
        (
            "caches",
            "64 MiB of RocksDB blocks and memtables for Trunkline and 96 MiB for Kafka Streams; besides at most 100,000 conversations in Trunkline's memory, and \
             128 MiB of record cache (room for as many) in Kafka Streams' heap of 1 GiB"
                .to_owned(),
        ),
    ] {
        report.conditions.insert(name.to_owned(), value);
    }
}

fn build() -> &'static str {
    if cfg!(debug_assertions) { "debug build" } else { "release build" }
}
