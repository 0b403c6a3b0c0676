//! Clocks and random numbers are read at the edge alone: a decision gets the time as an argument, and can be replayed
//! and simulated. What reads them is listed here.

use crate::finding::Finding;
use crate::source::Source;
use crate::tree::Tree;

/// What reads a clock or a source of random numbers.
const READS: [&str; 8] = [
    "Instant::now",
    "SystemTime::now",
    "Utc::now",
    "Local::now",
    "Uuid::new_v4",
    "rand::random",
    "rand::rng",
    "OsRng",
];

/// Folders of programs that act on the world or play it, in the world's own time.
const FOLDERS: [&str; 4] = ["cli/", "tools/", "tests/", "examples/"];

/// Files at the edge of the pipeline's crates, each with what it needs them for.
pub const FILES: &[(&str, &str)] = &[
    ("crates/connect/src/call.rs", "the deadline of a call, and the spread of its retries"),
    ("crates/connect/src/connection.rs", "hands the time to the endpoints it makes"),
    ("crates/connect/src/endpoint.rs", "hands the time to the breaker and the retry budget"),
    ("crates/connect/src/identity/contacts.rs", "hands the time to the pause after a refusal"),
    ("crates/connect/src/metrics.rs", "when a token was issued, in Unix time"),
    ("crates/connect/src/outbound.rs", "hands the time to what it makes"),
    ("crates/connect/src/profile_part.rs", "the duration of a lookup"),
    ("crates/connect/src/sources/source.rs", "the duration of a lookup"),
    ("crates/connect/src/terms.rs", "hands the time to the memory of searches"),
    ("crates/connect/src/throttle.rs", "hands the time to the limiter"),
    ("crates/connect/src/token_manager.rs", "hands the time to the token's life"),
    ("crates/connect/src/wire.rs", "when an answer came, in Unix time"),
    ("crates/kafka/src/group_consumer.rs", "when the client's own thread was woken"),
    ("crates/kafka/src/logs/reader.rs", "the deadline of a look at a log"),
    ("crates/kafka/src/logs/watch.rs", "when the settings of topics were asked for last"),
    ("crates/kafka/src/registry/backoff.rs", "the spread of retries"),
    ("crates/kafka/src/schema_fetcher.rs", "the spread of retries"),
    ("crates/kafka/src/stamps.rs", "when a record's stamp was compared last"),
    ("crates/kafka/src/steady_clock.rs", "the one clock that engine and worker ask"),
    ("crates/kafka/src/tail.rs", "the deadline of a read"),
    ("crates/kafka/src/time_of_day.rs", "what the ages of records and other clocks are compared with"),
    ("crates/kafka/src/topics/admin.rs", "the deadline of a change at the broker"),
    ("crates/kafka/src/transactional_producer.rs", "the deadline of a transaction's steps"),
    ("crates/kafka/src/transactional_producer/initialise.rs", "the deadline of a first initialisation"),
    ("crates/kafka/src/transactional_producer/outcome.rs", "how long a transactional call took"),
    ("crates/secrets/src/files.rs", "when files were looked at"),
    ("crates/secrets/src/load.rs", "the spread of retries, and when secrets were read first"),
    ("crates/secrets/src/vault/follow.rs", "when secrets were read in Vault"),
    ("crates/secrets/src/vault/session.rs", "when a token of Vault was granted"),
    ("crates/telemetry/src/json_lines.rs", "the time of a line in the log"),
    ("crates/telemetry/src/progress.rs", "hands the time to the progress of a loop"),
    ("ingest/src/accept.rs", "the times of connections"),
    ("ingest/src/body.rs", "when a body begins to arrive"),
    ("ingest/src/http.rs", "the duration of a request"),
    ("ingest/src/intake.rs", "until when a key that was replaced is accepted, and when an answer is due"),
    ("ingest/src/intake/store.rs", "how long a request may wait to be stored"),
    ("ingest/src/run.rs", "the time of receipt, and the deadline of draining"),
    ("ingest/src/slots.rs", "how old the bodies of others are"),
    ("ingest/src/trace_context.rs", "the id of a trace that begins here"),
    ("processor/src/clock.rs", "the name of a folder that is set aside"),
    ("processor/src/engine/commit.rs", "the duration of a commit"),
    ("processor/src/engine/logs.rs", "ids of reports"),
    ("processor/src/engine/reports.rs", "ids of reports"),
    ("processor/src/lookups.rs", "the deadline of a lookup"),
    ("processor/src/plugin_lookups.rs", "the deadline of a lookup"),
    ("processor/src/plugins/threads.rs", "how long plugins may take to start and to stop"),
    ("processor/src/plugins/worker.rs", "how long a plugin's thread has worked"),
    ("processor/src/restore.rs", "the duration of a restore"),
    ("sink/src/caller.rs", "the deadline of a call"),
    ("sink/src/reports.rs", "ids of reports"),
    ("sink/src/worker/logs.rs", "ids of reports"),
];

/// Finds clocks and random numbers that are read outside the listed files.
pub fn check(tree: &Tree, files: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed = |source: &&Source| {
        files.iter().all(|(path, _)| *path != source.path)
            && !FOLDERS.iter().any(|folder| source.path.starts_with(folder))
    };
    for source in tree.sources.iter().filter(listed) {
        findings.extend(
            reads(source).map(|(at, what)| Finding::at(source.place(at), format!("`{what}` is called"))),
        );
    }
    findings
}

/// Finds listed files that read neither, or do not exist.
pub fn idle(tree: &Tree, files: &[(&str, &str)]) -> Vec<Finding> {
    let idle = |(path, _): &&(&str, &str)| {
        let source = tree.sources.iter().find(|source| source.path == *path);
        source.is_none_or(|source| reads(source).next().is_none())
    };
    let finding =
        |(path, _): &(&str, &str)| Finding::at(format!("{path}:1"), "reads no clock and no random numbers");
    files.iter().filter(idle).map(finding).collect()
}

fn reads(source: &Source) -> impl Iterator<Item = (usize, &'static str)> {
    let reads = READS.iter().flat_map(|what| source.words(what).map(move |at| (at, *what)));
    reads.filter(|(at, _)| !source.in_test(*at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::expect_none;
    use crate::layering::PURE;
    use crate::tree::TREE;

    #[test]
    fn clocks_and_random_numbers_are_read_in_listed_files_only() {
        let advice =
            "Take `now` or the id as an argument. A file of the edge is listed in tools/tidy/src/edges.rs.";
        expect_none(&check(&TREE, FILES), advice);
    }

    #[test]
    fn what_is_listed_is_needed() {
        expect_none(&idle(&TREE, FILES), "Remove the file from the list in tools/tidy/src/edges.rs.");
    }

    #[test]
    fn no_pure_crate_is_listed() {
        for name in PURE {
            let (top, library) = (format!("{name}/"), format!("crates/{name}/"));
            let listed = FILES.iter().find(|(path, _)| path.starts_with(&top) || path.starts_with(&library));
            assert_eq!(listed, None, "trunkline-{name} is pure");
        }
    }

    #[test]
    fn a_clock_outside_the_list_is_found_and_a_listed_file_without_one_too() {
        let tree = Tree::made_up(&[
            ("sink/src/a.rs", "let a = std::time::Instant::now();\nlet b = uuid::Uuid::new_v4();"),
            ("sink/src/b.rs", "// Instant::now\n#[cfg(test)] mod tests { fn a() { Instant::now(); } }"),
            ("cli/src/a.rs", "Instant::now()"),
        ]);
        let places =
            |findings: Vec<Finding>| findings.into_iter().map(|found| found.place).collect::<Vec<_>>();
        assert_eq!(places(check(&tree, &[])), ["sink/src/a.rs:1", "sink/src/a.rs:2"]);
        assert!(check(&tree, &[("sink/src/a.rs", "")]).is_empty());
        assert_eq!(
            places(idle(&tree, &["sink/src/a.rs", "sink/src/b.rs", "sink/src/c.rs"].map(|path| (path, "")))),
            ["sink/src/b.rs:1", "sink/src/c.rs:1"]
        );
    }
}
