//! How much of changes a delivery may become: a body of a few hundred kilobytes could name millions of records, each
//! with all names of fields.

/// Most records that one delivery may tell changes of.
const RECORDS_MAX: usize = 10_000;

/// Most bytes that the texts of all records of a delivery may take: eight times the largest body that is taken unless
/// configured otherwise.
const BYTES_MAX: usize = 16 << 20;

/// What is left of it for the elements of a delivery that are still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeBudget {
    records: usize,
    bytes: usize,
}

// === impl ChangeBudget ===

impl Default for ChangeBudget {
    /// All of it, for one delivery.
    fn default() -> Self {
        Self { records: RECORDS_MAX, bytes: BYTES_MAX }
    }
}

impl ChangeBudget {
    /// Takes what an element becomes: so many records, of so many bytes each.
    ///
    /// # Errors
    /// Why it is too much, and what to do; nothing is taken then.
    pub fn take(&mut self, records: usize, bytes_each: usize) -> Result<(), String> {
        let bytes = records.saturating_mul(bytes_each);
        let (Some(records_left), Some(bytes_left)) =
            (self.records.checked_sub(records), self.bytes.checked_sub(bytes))
        else {
            return Err(format!(
                "it would become {records} records of {bytes_each} bytes each, and with what came before it in the \
                 request that is more than {RECORDS_MAX} records or {BYTES_MAX} bytes: send fewer in one request"
            ));
        };
        (self.records, self.bytes) = (records_left, bytes_left);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_takes_nothing_and_what_is_left_can_be_taken() {
        let mut budget = ChangeBudget::default();
        for (records, bytes, taken) in [
            (RECORDS_MAX + 1, 1, false),
            (1, BYTES_MAX + 1, false),
            (2, usize::MAX, false),
            (RECORDS_MAX - 1, 1, true),
            (2, 1, false),
            (1, BYTES_MAX - RECORDS_MAX + 2, false),
            (1, BYTES_MAX - RECORDS_MAX + 1, true),
            (0, 0, true),
            (1, 0, false),
        ] {
            assert_eq!(budget.take(records, bytes).is_ok(), taken, "{records} {bytes}");
        }
    }
}
