//! The virtual machine that brokers and Kafka's tools run in.

use std::process::Stdio;

use tokio::process::Command;

/// How Kafka's classes are run.
#[derive(Debug, Clone)]
pub struct Java {
    /// Where the classes are.
    pub classpath: String,
    /// Options of the virtual machine.
    pub options: Vec<String>,
    /// Variables that are added to its environment.
    pub environment: Vec<(String, String)>,
}

// === impl Java ===

impl Java {
    /// `options` are separated by spaces.
    pub fn new(classpath: String, options: &str) -> Self {
        let options = options.split_whitespace().map(str::to_owned).collect();
        Self { classpath, options, environment: Vec::new() }
    }

    /// A virtual machine to be told which class to run. It dies when the child is dropped, and a Ctrl-C at the terminal
    /// does not reach it: whoever started it stops it.
    pub fn command(&self) -> Command {
        let mut command = Command::new("java");
        command.args(&self.options).arg("-cp").arg(&self.classpath);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        command
    }
}
