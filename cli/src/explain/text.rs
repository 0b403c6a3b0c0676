//! The timeline of a conversation, for people.

use std::fmt::{self, Display, Formatter};

use chrono::DateTime;
use serde::Serialize;

use super::timeline::{DecisionStep, EnrichedStep, ResultStep, Step, Timeline, WriteBackStep};

/// The timeline as lines of text.
pub(super) fn show(timeline: &Timeline) -> String {
    timeline.to_string()
}

// === impl Timeline ===

impl Display for Timeline {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.key.as_deref().unwrap_or("(its events are no longer kept)"))?;
        if let Some(customer) = &self.customer_id {
            write!(formatter, ", customer {customer}")?;
            let known = [&self.account_name, &self.loyalty_tier].into_iter().flatten();
            let known: Vec<_> = known.map(String::as_str).collect();
            if !known.is_empty() {
                write!(formatter, " ({})", known.join(", "))?;
            }
        }
        if let Some(state) = &self.state {
            write!(formatter, ", {state}")?;
        }
        writeln!(formatter)?;
        for step in &self.events {
            write!(formatter, "{step}")?;
        }
        if !self.other_write_backs.is_empty() {
            writeln!(formatter, "\nWithout its event:")?;
        }
        for write_back in &self.other_write_backs {
            write!(formatter, "{write_back}")?;
        }
        if !self.dead_letters.is_empty() {
            writeln!(formatter, "\nDead letters:")?;
        }
        for letter in &self.dead_letters {
            writeln!(
                formatter,
                "{INDENT}{}: {} {} ({})",
                letter.topic, letter.code, letter.message, letter.origin
            )?;
        }
        Ok(())
    }
}

// === impl Step ===

impl Display for Step {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let position = self.enriched.as_ref().map_or("  -".to_owned(), |step| format!("#{}", step.position));
        write!(formatter, "\n{position:>4}  {}  {}", time(self.event_time), self.event_type)?;
        write!(formatter, "  (source {}", self.source)?;
        if let Some(latency) = self.event_to_ingest_ms {
            write!(formatter, ", event to ingest {latency} ms")?;
        }
        if self.received > 1 {
            write!(formatter, ", received {} times", self.received)?;
        }
        writeln!(formatter, ")")?;
        match (&self.enriched, &self.says_again) {
            (Some(enriched), _) => writeln!(formatter, "{INDENT}{enriched}")?,
            // Whether it is still on its way, no topic says.
            (None, Some(first)) => writeln!(
                formatter,
                "{INDENT}not on events.enriched: it says again what event {first} said, and is left out as a repeat unless it is still on its way"
            )?,
            (None, None) => writeln!(formatter, "{INDENT}not on events.enriched (yet)")?,
        }
        for decision in &self.decisions {
            writeln!(formatter, "{INDENT}{decision}")?;
        }
        for write_back in &self.write_backs {
            write!(formatter, "{write_back}")?;
        }
        Ok(())
    }
}

const INDENT: &str = "      ";
/// An answer older than this was not asked for on behalf of this event.
const KNOWN_BEFORE_MS: i64 = 1000;

impl Display for EnrichedStep {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, profile {}", self.state, symbol(&self.enrichment))?;
        for source in &self.sources {
            write!(formatter, ", {} {}", source.system, symbol(&source.status))?;
            match (source.age_ms, source.latency_ms) {
                (Some(age), _) if age >= KNOWN_BEFORE_MS => write!(formatter, " {age} ms ago")?,
                (_, Some(latency)) => write!(formatter, " {latency} ms")?,
                _ => {}
            }
        }
        if let Some(held) = self.held_ms {
            write!(formatter, "; held {held} ms ({})", symbol(&self.mode))?;
        }
        for (said, word) in [(self.late, "late"), (self.gap_before, "gap before")] {
            if said {
                write!(formatter, "; {word}")?;
            }
        }
        if self.emitted > 1 {
            write!(formatter, "; emitted {} times: violates I2", self.emitted)?;
        }
        Ok(())
    }
}

impl Display for DecisionStep {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { queue, rule_id, rule_set_version, ingest_to_decision_ms, .. } = self;
        write!(formatter, "decision: queue {queue}")?;
        if let Some(priority) = self.priority {
            write!(formatter, ", priority {priority}")?;
        }
        if !self.skills.is_empty() {
            write!(formatter, ", skills {}", self.skills.join(" "))?;
        }
        write!(formatter, " by {rule_id} ({rule_set_version}), {ingest_to_decision_ms} ms after ingest")
    }
}

impl Display for WriteBackStep {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { target, operation, resource, rule_id, .. } = self;
        write!(formatter, "{INDENT}write-back: {operation} to {target}, {resource} by {rule_id}")?;
        if let Some(latency) = self.ingest_to_command_ms {
            write!(formatter, ", {latency} ms after ingest")?;
        }
        writeln!(formatter)?;
        match &self.result {
            Some(result) => writeln!(formatter, "{INDENT}  {result}"),
            None => writeln!(formatter, "{INDENT}  under way"),
        }
    }
}

impl Display for ResultStep {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(formatter, "{} after {} ms", symbol(&self.outcome), self.command_to_result_ms)?;
        write!(formatter, ", {} attempt{plural}", self.attempts)?;
        if let Some(status) = self.http_status {
            write!(formatter, ", answered {status}")?;
        }
        for text in [&self.code, &self.message, &self.difference].into_iter().flatten() {
            write!(formatter, "; {text}")?;
        }
        Ok(())
    }
}

/// A closed enum as it is written in Avro, for instance `ALREADY_APPLIED`.
fn symbol(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn time(millis: i64) -> String {
    let format = "%Y-%m-%d %H:%M:%S%.3f";
    DateTime::from_timestamp_millis(millis)
        .map_or_else(|| millis.to_string(), |time| time.format(format).to_string())
}
