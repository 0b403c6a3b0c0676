//! The report as a page of Markdown with plots.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::contender::Contender;
use super::scale;
use crate::plot::{bars, readable};
use crate::report::Report;

/// The peers in the order of tables and plots.
const CONTENDERS: [Contender; 4] =
    [Contender::Trunkline, Contender::KafkaStreams, Contender::CodecLoop, Contender::CopyLoop];

/// One figure of every contender that has it.
struct Comparison {
    /// End of the figures' names, and name of the plot's file.
    figure: &'static str,
    title: &'static str,
    unit: &'static str,
}

const COMPARISONS: [Comparison; 9] = [
    Comparison { figure: "events_per_cpu_second", title: "Events per second of processor time", unit: "/s" },
    Comparison { figure: "events_per_second", title: "Events per second", unit: "/s" },
    Comparison { figure: "resident_mib", title: "Resident memory at work", unit: "MiB" },
    Comparison { figure: "peak_mib", title: "Resident memory, the most", unit: "MiB" },
    Comparison { figure: "disk_mib", title: "State on disk after the throughput run", unit: "MiB" },
    Comparison {
        figure: "stored_resident_mib",
        title: "Resident memory, many stored and active",
        unit: "MiB",
    },
    Comparison {
        figure: "stored_peak_mib",
        title: "Resident memory, many stored and active, the most",
        unit: "MiB",
    },
    Comparison { figure: "stored_disk_mib", title: "State on disk, many stored", unit: "MiB" },
    Comparison { figure: "restart_seconds", title: "From kill -9 to every partition processing", unit: "s" },
];

/// What is asked of a ratio.
const TARGETS: [(&str, &str); 11] = [
    ("processor_vs_kafka_streams", "at least 5"),
    ("processor_vs_codec_loop", "at least 0.6"),
    ("processor_vs_copy_loop", "none; for comparison"),
    ("restart_seconds", "at most 2.5 s"),
    ("restart_vs_kafka_streams", "at most 0.1"),
    ("rss_vs_kafka_streams", "at most 0.25"),
    ("throughput_10m_vs_10k", "at least 0.8"),
    ("poison_p99_delay_in_commit_intervals", "at most 1"),
    ("poison_max_delay_in_commit_intervals", "at most 1"),
    ("slow_lookups_p99_ratio", "at most 1.1"),
    ("slow_lookups_p50_ratio", "none; for comparison"),
];

/// Latencies of Trunkline's events, by the beginning of their figures' names.
const LATENCIES: [(&str, &str); 4] = [
    ("poison_clean", "No record poisonous"),
    ("poison", "One record in a hundred poisonous: the good events"),
    ("slow_lookups_clean", "All lookups prompt"),
    ("slow_lookups", "The lookups of one customer in twenty slow: the other customers' events"),
];

/// Writes `report.md` and a plot for each figure that two or more contenders have into a folder.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(report: &Report, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in pages(report) {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// File names and what is in them.
fn pages(report: &Report) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut page =
        String::from("# The processor against its peers\n\n| ratio | measured | target |\n|---|---:|---|\n");
    for (name, ratio) in &report.ratios {
        let target = TARGETS.iter().find(|(known, _)| known == name).map_or("", |(_, target)| target);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(page, "| `{name}` | {} | {target} |", readable(*ratio));
    }
    page.push_str(
        "\nOurs by theirs, or disturbed by undisturbed; medians over the rounds. `restart_seconds` is what it says, and a delay \
         is the difference between the run with poisonous records and the one without.\n\n",
    );
    let (mut rows_of_table, mut plots) = (String::new(), String::new());
    for Comparison { figure, title, unit } in &COMPARISONS {
        let figures =
            CONTENDERS.map(|contender| report.figures.get(&format!("{}_{figure}", contender.name())));
        if figures.iter().all(Option::is_none) {
            continue;
        }
        let cells = figures.map(|figure| figure.map_or_else(String::new, |figure| readable(*figure)));
        let _ = writeln!(rows_of_table, "| {title} ({unit}) | {} |", cells.join(" | "));
        let rows: Vec<(String, f64)> = CONTENDERS
            .into_iter()
            .zip(figures)
            .filter_map(|(contender, figure)| Some((contender.title().to_owned(), *figure?)))
            .collect();
        if rows.len() > 1 {
            let _ = writeln!(plots, "![{title}]({figure}.svg)\n");
            files.push((format!("{figure}.svg"), bars(title, unit, &rows)));
        }
    }
    if !rows_of_table.is_empty() {
        let titles = CONTENDERS.map(Contender::title).join(" | ");
        let _ = write!(
            page,
            "## Side by side\n\n| | {titles} |\n|---|---:|---:|---:|---:|\n{rows_of_table}\n{plots}"
        );
    }
    let levels = levels(report);
    if !levels.is_empty() {
        page.push_str("## Throughput over the size of Trunkline's store\n\n");
        page.push_str(
            "| stored | events per second of processor time | events per second |\n|---:|---:|---:|\n",
        );
        for (stored, per_cpu_second, per_second) in &levels {
            let (stored, per_cpu_second) = (readable(*stored as f64), readable(*per_cpu_second));
            let _ = writeln!(page, "| {stored} | {per_cpu_second} | {} |", readable(*per_second));
        }
        page.push_str("\n![over the size of the store](scale.svg)\n");
        let title = "Events per second of processor time, by stored conversations";
        let rows: Vec<_> =
            levels.iter().map(|(stored, per_cpu, _)| (readable(*stored as f64), *per_cpu)).collect();
        files.push(("scale.svg".to_owned(), bars(title, "/s", &rows)));
    }
    page.push_str(&latencies(report));
    page.push_str("\n## Conditions\n\n");
    for (name, condition) in &report.conditions {
        let _ = writeln!(page, "- **{name}**: {condition}");
    }
    files.push(("report.md".to_owned(), page));
    files
}

/// The section about latencies; nothing where none were measured.
fn latencies(report: &Report) -> String {
    let mut rows = String::new();
    for (name, title) in LATENCIES {
        let cells = ["p50", "p99", "max"].map(|figure| report.figures.get(&format!("{name}_{figure}_ms")));
        if let [Some(middle), Some(high), Some(most)] = cells {
            let (middle, high, most) = (readable(*middle), readable(*high), readable(*most));
            let _ = writeln!(rows, "| {title} | {middle} | {high} | {most} |");
        }
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "## Latency of Trunkline's events beside trouble\n\n| | p50 (ms) | p99 (ms) | max (ms) |\n|---|---:|---:|---:|\n{rows}"
    )
}

/// Stored conversations, events per second of processor time, events per second; by the first.
fn levels(report: &Report) -> Vec<(u64, f64, f64)> {
    let mut levels: Vec<(u64, f64, f64)> = report
        .figures
        .iter()
        .filter_map(|(name, per_cpu_second)| {
            let short = name.strip_prefix("stored_")?.strip_suffix("_events_per_cpu_second")?;
            let per_second = report.figures.get(&format!("stored_{short}_events_per_second"))?;
            Some((scale::long(short)?, *per_cpu_second, *per_second))
        })
        .collect();
    levels.sort_by_key(|(stored, ..)| *stored);
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_measured_and_nothing_else() {
        let mut report = Report::default();
        for (name, figure) in [
            ("trunkline_events_per_cpu_second", 50_000.0),
            ("kafka_streams_events_per_cpu_second", 8_000.0),
            ("trunkline_restart_seconds", 1.25),
            ("stored_10m_events_per_cpu_second", 41_000.0),
            ("stored_10m_events_per_second", 39_000.0),
            ("stored_10k_events_per_cpu_second", 45_000.0),
            ("stored_10k_events_per_second", 44_000.0),
            ("poison_p50_ms", 40.0),
            ("poison_p99_ms", 81.5),
            ("poison_max_ms", 120.0),
        ] {
            report.figures.insert(name.to_owned(), figure);
        }
        report.ratios.insert("processor_vs_kafka_streams".to_owned(), 6.25);
        report.conditions.insert("size".to_owned(), "full".to_owned());
        let pages = pages(&report);
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["events_per_cpu_second.svg", "scale.svg", "report.md"]);
        let page = &pages[2].1;
        for expected in [
            "| `processor_vs_kafka_streams` | 6.25 | at least 5 |",
            "| Events per second of processor time (/s) | 50,000 | 8,000 |  |  |",
            "| From kill -9 to every partition processing (s) | 1.25 |  |  |  |",
            "| 10,000 | 45,000 | 44,000 |\n| 10,000,000 | 41,000 | 39,000 |",
            "| One record in a hundred poisonous: the good events | 40.0 | 81.5 | 120 |",
            "- **size**: full",
        ] {
            assert!(page.contains(expected), "{expected} is not in\n{page}");
        }
        assert!(!page.contains("Resident") && !page.contains("prompt"));
    }
}
