//! Reads figures from the `/metrics` of the running processes.

use std::collections::BTreeMap;
use std::time::Duration;

/// One figure with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the metric.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

// === impl Sample ===

impl Sample {
    /// The series as Prometheus has it of a program that it knows as `job`: name and labels, without the value.
    pub fn series(&self, job: &str) -> String {
        let job = [("job", job)].into_iter();
        let labels = job.chain(self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value:?}")).collect();
        format!("{}{{{}}}", self.name, labels.join(","))
    }
}

/// Asks a process for its figures; none when it does not answer.
pub async fn scrape(client: &reqwest::Client, admin: &str) -> Vec<Sample> {
    let request = client.get(format!("{admin}/metrics")).timeout(Duration::from_secs(1));
    match request.send().await {
        Ok(answer) => parse(&answer.text().await.unwrap_or_default()),
        Err(_) => Vec::new(),
    }
}

/// Reads Prometheus' text format; lines that are none are skipped.
pub fn parse(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Sample> {
    let (series, value) = line.trim().rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        None => (series, BTreeMap::new()),
        Some((name, labels)) => (name, parse_labels(labels.strip_suffix('}')?)?),
    };
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

fn parse_labels(mut text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"")?;
        let end = closing_quote(rest)?;
        let value = rest[..end].replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
        labels.insert(name.trim().to_owned(), value);
        text = rest[end + 1..].trim_start_matches(',');
    }
    Some(labels)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let closes = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        closes.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_labels_and_values() {
        let samples = parse(
            "# HELP lag records\n# TYPE lag gauge\nlag{topic=\"events\",partition=\"3\"} 12\nup 1\nodd{a=\"x\\\"y,}\"} 0.5\nbroken{\n",
        );
        assert_eq!(samples.len(), 3);
        assert_eq!((samples[0].name.as_str(), samples[0].value), ("lag", 12.0));
        assert_eq!(samples[0].labels["partition"], "3");
        assert_eq!((samples[1].name.as_str(), samples[1].labels.len()), ("up", 0));
        assert_eq!(samples[2].labels["a"], "x\"y,}");
        assert_eq!(samples[0].series("sink"), "lag{job=\"sink\",partition=\"3\",topic=\"events\"}");
        assert_eq!(samples[1].series("sink"), "up{job=\"sink\"}");
    }
}
