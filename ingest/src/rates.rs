//! How many requests a source takes, of one caller and in all. Pure: functions of state, caller and `now`.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A): requests are due one after the other at the rate's distance,
//! and may come before they are due by a second's worth.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;
use trunkline_config::Admission;

use crate::peer::Peer;

/// How far before its time a request may come: so many at once as a second has.
const BURST: Duration = Duration::from_secs(1);
/// Callers remembered of a source, those that asked last; some 100 bytes each. Who is forgotten begins anew.
const CALLERS: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();

/// The rates of one source.
#[derive(Debug)]
pub struct Rates {
    of_all: Option<Rate>,
    of_callers: Option<Callers>,
}

/// The rate of each caller.
#[derive(Debug)]
struct Callers {
    distance: Duration,
    rates: LruCache<Peer, Rate>,
}

/// Requests at a distance.
#[derive(Debug, Clone, Copy)]
struct Rate {
    distance: Duration,
    /// When the next one is due; in the past or never asked: now.
    due: Option<Instant>,
}

// === impl Rates ===

impl Rates {
    /// What a source asks for.
    pub fn new(admission: &Admission) -> Self {
        let distance = |per_second: u32| Duration::from_secs(1) / per_second.max(1);
        Self {
            of_all: admission.per_second.map(|per_second| Rate { distance: distance(per_second), due: None }),
            of_callers: admission
                .per_second_per_caller
                .map(|per_second| Callers { distance: distance(per_second), rates: LruCache::new(CALLERS) }),
        }
    }

    /// A request of this caller comes, proven or not.
    ///
    /// # Errors
    /// How long the caller is to wait, where it came too soon; it counts as none then.
    pub fn comes(&mut self, caller: IpAddr, now: Instant) -> Result<(), Duration> {
        let Some(Callers { distance, rates }) = &mut self.of_callers else { return Ok(()) };
        rates.get_or_insert_mut(Peer::of(caller), || Rate { distance: *distance, due: None }).take(now)
    }

    /// Whether a proven request that comes now is not too many.
    ///
    /// # Errors
    /// As [`Rates::comes`].
    pub fn has_room(&self, now: Instant) -> Result<(), Duration> {
        self.of_all.as_ref().map_or(Ok(()), |rate| rate.next(now).map(|_| ()))
    }

    /// A proven request comes that will be worked on.
    ///
    /// # Errors
    /// As [`Rates::comes`].
    pub fn is_proven(&mut self, now: Instant) -> Result<(), Duration> {
        self.of_all.as_mut().map_or(Ok(()), |rate| rate.take(now))
    }
}

// === impl Rate ===

impl Rate {
    fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.due = Some(self.next(now)?);
        Ok(())
    }

    /// When the one after a request that comes now is due.
    fn next(&self, now: Instant) -> Result<Instant, Duration> {
        let next = self.due.map_or(now, |due| due.max(now)) + self.distance;
        match (next - now).checked_sub(BURST) {
            None | Some(Duration::ZERO) => Ok(next),
            Some(too_soon) => Err(too_soon),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rates(per_second: Option<u32>, per_second_per_caller: Option<u32>) -> Rates {
        Rates::new(&Admission { per_second, per_second_per_caller, ..Admission::default() })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_caller_has_its_rate_and_takes_nothing_from_others() {
        let (mut rates, start) = (rates(None, Some(4)), Instant::now());
        let taken = |rates: &mut Rates, who, now| (0..9).filter(|_| rates.comes(who, now).is_ok()).count();
        assert_eq!(taken(&mut rates, address(1), start), 4);
        assert_eq!(taken(&mut rates, address(2), start), 4);
        assert_eq!(rates.comes(address(1), start), Err(Duration::from_millis(250)));
        assert_eq!(taken(&mut rates, address(1), start + Duration::from_millis(500)), 2);
        assert_eq!(
            taken(&mut rates, address(1), start + Duration::from_secs(60)),
            4,
            "no more than a second's"
        );
        assert_eq!(rates.is_proven(start), Ok(()), "no rate in all");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_caller() {
        let (mut rates, start) = (rates(None, Some(1)), Instant::now());
        assert!(rates.comes("2001:db8::1".parse().unwrap(), start).is_ok());
        assert!(rates.comes("2001:db8::2".parse().unwrap(), start).is_err());
        assert!(rates.comes("2001:db8:0:1::2".parse().unwrap(), start).is_ok());
    }

    proptest! {
        /// Whatever comes when: no window holds more than a burst and what is due in it, and what comes at the rate is
        /// taken.
        #[test]
        fn no_window_holds_more_than_its_rate(
            per_second in 1..200_u32,
            pauses in prop::collection::vec(0..400_u64, 1..200),
        ) {
            let (mut rates, start) = (rates(Some(per_second), None), Instant::now());
            let (mut now, mut taken) = (start, Vec::new());
            for pause in pauses {
                now += Duration::from_millis(pause);
                prop_assert_eq!(rates.has_room(now), rates.has_room(now), "asking takes nothing");
                let room = rates.has_room(now);
                let taken_in = rates.is_proven(now);
                prop_assert_eq!(room, taken_in);
                match taken_in {
                    Ok(()) => taken.push(now),
                    Err(wait) => {
                        prop_assert!(wait <= Duration::from_secs(1) / per_second);
                        prop_assert!(rates.is_proven(now + wait).is_ok(), "who waits as told is taken");
                        now += wait;
                        taken.push(now);
                    }
                }
            }
            for (at, first) in taken.iter().enumerate() {
                for (more, last) in taken[at..].iter().enumerate() {
                    let most = (last.duration_since(*first).as_secs_f64() + 1.0) * f64::from(per_second);
                    prop_assert!((more + 1) as f64 <= most + 1e-6, "{} in {:?}", more + 1, last.duration_since(*first));
                }
            }
        }
    }
}
