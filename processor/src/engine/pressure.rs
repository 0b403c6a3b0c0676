//! When a partition pauses because too much of it is under way, and when it goes on.

/// Offsets finished above the watermark after which a partition pauses.
const FINISHED_LIMIT: usize = 10_000;

/// What weighs on a partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pressure {
    /// Events read and not finished.
    pub(super) outstanding: usize,
    /// Bytes of them.
    pub(super) bytes: usize,
    /// Bytes it may hold.
    pub(super) bytes_limit: usize,
    /// Offsets finished above the watermark.
    pub(super) finished: usize,
    /// Events it may hold.
    pub(super) limit: usize,
    /// So many lookups wait that reading on would only add to them.
    pub(super) saturated: bool,
}

impl Pressure {
    /// Whether a partition that is read from should pause.
    pub(super) fn pauses(self) -> bool {
        // With nothing under way a pause would never end: the record that holds the watermark is still to be read.
        let too_far_ahead = self.finished >= FINISHED_LIMIT && self.outstanding > 0;
        let too_large = self.bytes >= self.bytes_limit && self.outstanding > 0;
        self.saturated || self.outstanding >= self.limit || too_large || too_far_ahead
    }

    /// Whether a partition that pauses should go on: at half of what made it pause, so that it does not flutter.
    pub(super) fn resumes(self) -> bool {
        let eased = self.outstanding <= self.limit / 2
            && self.bytes <= self.bytes_limit / 2
            && self.finished <= FINISHED_LIMIT / 2;
        !self.saturated && (eased || self.outstanding == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_pauses_at_its_limits_and_goes_on_at_half_of_them() {
        for (outstanding, finished, saturated, pauses, resumes) in [
            (0, 0, false, false, true),
            (100, 0, false, true, false),
            (60, 0, false, false, false),
            (50, 0, false, false, true),
            (0, 0, true, true, false),
            (1, 10_000, false, true, false),
            (1, 5_001, false, false, false),
            (1, 5_000, false, false, true),
            // Restored full of finished offsets: it must read on to find the one that is missing.
            (0, 10_000, false, false, true),
            (0, 90_000, false, false, true),
        ] {
            let pressure =
                Pressure { outstanding, bytes: 0, bytes_limit: 1_000, finished, limit: 100, saturated };
            assert_eq!(pressure.pauses(), pauses, "{pressure:?}");
            assert_eq!(pressure.resumes(), resumes, "{pressure:?}");
        }
        for (bytes, pauses, resumes) in
            [(1_000, true, false), (999, false, false), (501, false, false), (500, false, true)]
        {
            let pressure = Pressure {
                outstanding: 1,
                bytes,
                bytes_limit: 1_000,
                finished: 0,
                limit: 100,
                saturated: false,
            };
            assert_eq!((pressure.pauses(), pressure.resumes()), (pauses, resumes), "{pressure:?}");
        }
    }
}
