//! Errors that clients report by themselves, beside any call: connections that break, brokers that do not answer.

/// The counter, by `client`.
const ERRORS: &str = "trunkline_kafka_client_errors_total";

/// Which client it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Client {
    /// One that reads as a member of a group.
    Consumer,
    /// One that writes, in transactions or without.
    Producer,
}

// === impl Client ===

impl Client {
    /// The counter is there from the start: an alert on its rate sees the first errors.
    pub(crate) fn begins(self) {
        metrics::describe_counter!(ERRORS, "Errors that a client reports by itself, by client");
        self.count(0);
    }

    /// It reports one.
    pub(crate) fn fails(self) {
        self.count(1);
    }

    fn count(self, more: u64) {
        let client = match self {
            Self::Consumer => "consumer",
            Self::Producer => "producer",
        };
        metrics::counter!(ERRORS, "client" => client).increment(more);
    }
}
