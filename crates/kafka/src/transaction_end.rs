//! What follows from how a commit went: the one table of it, for both stream loops.

use trunkline_schemas::error_codes;

use crate::transactional_producer::{CommitOutcome, TransactionError};

/// How a transaction ended.
#[derive(Debug)]
pub enum Ended {
    /// It took effect.
    Committed,
    /// It took no effect: go on from what is committed, with the same producer.
    Aborted,
    /// Nobody knows: replace the producer, and read what is committed.
    Indeterminate,
    /// Another producer took over.
    Fenced(TransactionError),
}

/// Who aborts a transaction that has to be aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aborting {
    /// This producer, at once: it serves for the next transaction then.
    Now,
    /// The producer that replaces it, where others wait: aborting takes time. Until then the end counts as
    /// indeterminate.
    ByReplacement,
}

// === impl Ended ===

impl Ended {
    /// As the metrics have it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Indeterminate => "doubtful",
            Self::Fenced(_) => "fenced",
        }
    }
}

/// How a transaction ended whose steps, the last of them its commit, came to `committed`. Where it has to be aborted at
/// once, `abort` is called for it. Replacing the producer is the caller's part.
///
/// # Errors
/// [`TransactionError`] when the process cannot go on: the brokers refuse the producer.
pub fn end_transaction(
    committed: Result<CommitOutcome, TransactionError>,
    aborting: Aborting,
    abort: impl FnOnce() -> Result<(), TransactionError>,
) -> Result<Ended, TransactionError> {
    let code = error_codes::TRANSACTION_ABORTED.as_str();
    match committed {
        Ok(CommitOutcome::Committed) => Ok(Ended::Committed),
        Ok(CommitOutcome::Indeterminate) => Ok(Ended::Indeterminate),
        // The owner makes it again without that record; here it is a transaction that is aborted.
        Err(error @ (TransactionError::Abort { .. } | TransactionError::Record { .. })) => {
            tracing::warn!(code, %error, "transaction aborted");
            Ok(match aborting {
                Aborting::Now => aborted(abort()),
                Aborting::ByReplacement => Ended::Indeterminate,
            })
        }
        Err(error @ TransactionError::Indeterminate { .. }) => {
            tracing::warn!(code, %error, "the outcome of a transaction is unknown");
            Ok(Ended::Indeterminate)
        }
        Err(error @ TransactionError::Fenced { .. }) => Ok(Ended::Fenced(error)),
        Err(error @ TransactionError::Refused { .. }) => Err(error),
    }
}

fn aborted(result: Result<(), TransactionError>) -> Ended {
    match result {
        Ok(()) => Ended::Aborted,
        Err(error @ TransactionError::Fenced { .. }) => Ended::Fenced(error),
        Err(error) => {
            tracing::warn!(code = error_codes::TRANSACTION_ABORTED.as_str(), %error, "aborting");
            Ended::Indeterminate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abortable() -> TransactionError {
        TransactionError::Abort { what: "commit", id: "p".to_owned(), reason: "timeout".to_owned() }
    }

    fn indeterminate() -> TransactionError {
        TransactionError::Indeterminate { what: "commit", id: "p".to_owned(), reason: "timeout".to_owned() }
    }

    fn fenced() -> TransactionError {
        TransactionError::Fenced { what: "commit", id: "p".to_owned(), reason: "epoch".to_owned() }
    }

    fn never() -> Result<(), TransactionError> {
        panic!("nothing is to be aborted")
    }

    #[test]
    fn a_commit_ends_as_the_producer_says() {
        for (committed, as_str) in [
            (Ok(CommitOutcome::Committed), "committed"),
            (Ok(CommitOutcome::Indeterminate), "doubtful"),
            (Err(indeterminate()), "doubtful"),
            (Err(fenced()), "fenced"),
        ] {
            assert_eq!(end_transaction(committed, Aborting::Now, never).unwrap().as_str(), as_str);
        }
    }

    #[test]
    fn a_failed_transaction_is_aborted_and_a_failed_abort_has_no_known_outcome() {
        for (aborted, as_str) in
            [(Ok(()), "aborted"), (Err(indeterminate()), "doubtful"), (Err(fenced()), "fenced")]
        {
            let ended = end_transaction(Err(abortable()), Aborting::Now, || aborted).unwrap();
            assert_eq!(ended.as_str(), as_str);
        }
    }

    #[test]
    fn where_others_wait_the_next_producer_aborts() {
        let ended = end_transaction(Err(abortable()), Aborting::ByReplacement, never).unwrap();
        assert!(matches!(ended, Ended::Indeterminate));
    }

    #[test]
    fn a_producer_that_is_refused_ends_the_process_and_a_record_only_its_transaction() {
        let (id, reason) = ("p".to_owned(), "not allowed".to_owned());
        let refused = TransactionError::Refused { what: "commit", id, reason };
        assert!(end_transaction(Err(refused), Aborting::Now, never).is_err());
        let record = TransactionError::Record { topic: "t".to_owned(), bytes: 9, reason: String::new() };
        let ended = end_transaction(Err(record), Aborting::Now, || Ok(())).unwrap();
        assert!(matches!(ended, Ended::Aborted));
    }
}
