//! How many requests a source takes, of one caller and in all. Pure: functions of state, caller and `now`.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A): requests are due one after the other at the rate's distance,
//! and may come before they are due by a second's worth. A proven one takes its turn among those of all callers before
//! its body is read, so that bodies that come slowly are not beyond the rate, and gives it back where it is refused for
//! nothing that its caller did.

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

/// The turn of a request among those of all callers.
#[derive(Debug)]
#[must_use = "a request that is not worked on gives its turn back"]
pub struct Turn {
    /// When the one after it was due; `None` without a rate.
    next: Option<Instant>,
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
        let rate = rates.get_or_insert_mut(Peer::of(caller), || Rate { distance: *distance, due: None });
        rate.take(now).map(drop)
    }

    /// A proven request comes.
    ///
    /// # Errors
    /// As [`Rates::comes`].
    pub fn is_proven(&mut self, now: Instant) -> Result<Turn, Duration> {
        let next = self.of_all.as_mut().map(|rate| rate.take(now)).transpose()?;
        Ok(Turn { next })
    }

    /// A proven request was refused for nothing that its caller did: another one may come in its turn. Once the next
    /// one is due there is nothing to give back: it has room in any case.
    pub fn is_refused(&mut self, turn: Turn, now: Instant) {
        if let (Some(rate), Some(next)) = (&mut self.of_all, turn.next)
            && now < next
        {
            rate.due = rate.due.and_then(|due| due.checked_sub(rate.distance));
        }
    }
}

// === impl Rate ===

impl Rate {
    /// Takes the turn of a request that comes now. When the one after it is due.
    fn take(&mut self, now: Instant) -> Result<Instant, Duration> {
        let next = self.due.map_or(now, |due| due.max(now)) + self.distance;
        match (next - now).checked_sub(BURST) {
            None | Some(Duration::ZERO) => {
                self.due = Some(next);
                Ok(next)
            }
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
        assert!(rates.is_proven(start).is_ok(), "no rate in all");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_caller() {
        let (mut rates, start) = (rates(None, Some(1)), Instant::now());
        assert!(rates.comes("2001:db8::1".parse().unwrap(), start).is_ok());
        assert!(rates.comes("2001:db8::2".parse().unwrap(), start).is_err());
        assert!(rates.comes("2001:db8:0:1::2".parse().unwrap(), start).is_ok());
    }

    #[test]
    fn who_is_refused_leaves_its_turn_to_another_and_later_there_is_nothing_to_leave() {
        let (mut rates, start) = (rates(Some(2), None), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        let (first, second) = (rates.is_proven(start).unwrap(), rates.is_proven(start).unwrap());
        assert!(rates.is_proven(start).is_err());
        rates.is_refused(second, after(100));
        let third = rates.is_proven(after(100)).unwrap();
        assert!(rates.is_proven(after(100)).is_err(), "one turn, and not two");
        // A second's worth came since then: what the first one took is there again without it.
        rates.is_refused(first, after(500));
        assert!(rates.is_proven(after(500)).is_ok());
        assert!(rates.is_proven(after(500)).is_err());
        rates.is_refused(third, after(60_000));
        let taken = (0..9).filter(|_| rates.is_proven(after(60_000)).is_ok()).count();
        assert_eq!(taken, 2, "no more than a second's");
    }

    proptest! {
        /// Whatever comes when: no window holds more than a burst, what is due in it, and what was given back in it;
        /// and who waits as told is taken.
        #[test]
        fn no_window_holds_more_than_its_rate(
            per_second in 1..200_u32,
            pauses in prop::collection::vec((0..400_u64, prop::bool::weighted(0.2)), 1..200),
        ) {
            let (mut rates, start) = (rates(Some(per_second), None), Instant::now());
            // +1 for each that was taken, -1 for each that was given back.
            let (mut now, mut changes) = (start, Vec::new());
            for (pause, refused) in pauses {
                now += Duration::from_millis(pause);
                let turn = rates.is_proven(now).or_else(|wait| {
                    assert!(wait <= Duration::from_secs(1) / per_second);
                    now += wait;
                    rates.is_proven(now)
                });
                let turn = turn.expect("who waits as told is taken");
                changes.push((now, 1.0));
                if refused {
                    rates.is_refused(turn, now);
                    changes.push((now, -1.0));
                }
            }
            for (at, (first, _)) in changes.iter().enumerate() {
                let mut kept = 0.0;
                for (last, change) in &changes[at..] {
                    kept += change;
                    let window = last.duration_since(*first);
                    let most = (window.as_secs_f64() + 1.0) * f64::from(per_second);
                    prop_assert!(kept <= most + 1e-6, "{kept} in {window:?}");
                }
            }
        }
    }
}
