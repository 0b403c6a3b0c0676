//! Who is measured: Trunkline, the same as a Kafka Streams job, and two loops that show what the clients alone cost.

use std::process::Command;

use anyhow::Context as _;
use trunkline_config::Config;

use super::process::Process;
use super::trial::Trial;

/// A process under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// The `processor` binary.
    Trunkline,
    /// The job in `tools/bench/kafka-streams`.
    KafkaStreams,
    /// Reads, decodes, encodes and writes as many outputs and changelog records; no state, no rules.
    CodecLoop,
    /// The same, with the input's bytes copied.
    CopyLoop,
}

/// What a loop writes to its changelog: as many records of the same bytes as Trunkline wrote.
#[derive(Debug, Clone)]
pub struct Changelog {
    /// Trunkline's changelog, to take the records from.
    pub topic: String,
    /// Records per event of the input.
    pub per_event: f64,
}

// === impl Contender ===

impl Contender {
    /// For figures and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trunkline => "trunkline",
            Self::KafkaStreams => "kafka_streams",
            Self::CodecLoop => "codec_loop",
            Self::CopyLoop => "copy_loop",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Trunkline => "Trunkline",
            Self::KafkaStreams => "Kafka Streams",
            Self::CodecLoop => "codec loop",
            Self::CopyLoop => "byte-copy loop",
        }
    }

    /// Whether duplicates are dropped and positions given, so that the output can be judged by them.
    pub fn processes(self) -> bool {
        matches!(self, Self::Trunkline | Self::KafkaStreams)
    }

    /// Consumer group.
    pub fn group(self, config: &Config) -> String {
        match self {
            Self::Trunkline => config.kafka.topic(&config.processor.group),
            other => config.kafka.topic(other.name()),
        }
    }

    /// Where it writes what Trunkline writes to `name` (without prefix).
    pub fn topic(self, config: &Config, name: &str) -> String {
        match self {
            Self::Trunkline => config.kafka.topic(name),
            other => config.kafka.topic(&format!("{}.{name}", other.name())),
        }
    }

    /// Starts it on the trial's input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(self, trial: &Trial<'_>, changelog: Option<&Changelog>) -> anyhow::Result<Process> {
        let command = match self {
            Self::Trunkline => {
                let mut command = Command::new(trial.bench.binaries.join("processor"));
                command.arg("--config").arg(&trial.config_path).args(["--instance", "bench"]);
                command
            }
            Self::KafkaStreams => super::kafka_streams::command(trial)?,
            Self::CodecLoop | Self::CopyLoop => {
                let changelog = changelog.context("a loop is told what to write to its changelog")?;
                let mut command = Command::new(trial.bench.binaries.join("bench"));
                command.arg("loop").arg(self.name()).arg("--config").arg(&trial.config_path);
                command.args(["--changelog", &changelog.topic]);
                command.args(["--changelog-per-event", &changelog.per_event.to_string()]);
                command
            }
        };
        Process::start(command, &trial.log(self), &trial.bench.runtime)
    }
}

/// The contenders that are this program itself.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Loop {
    /// [`Contender::CodecLoop`].
    #[value(name = "codec_loop")]
    Codec,
    /// [`Contender::CopyLoop`].
    #[value(name = "copy_loop")]
    Copy,
}

impl std::convert::From<Loop> for Contender {
    fn from(this: Loop) -> Self {
        match this {
            Loop::Codec => Self::CodecLoop,
            Loop::Copy => Self::CopyLoop,
        }
    }
}
