//! The life of one access token: when to use it, when to fetch the next, when to give up.
//!
//! Pure: functions of (state, input, now). That one refresh is in flight however many callers wait is decided
//! here; the edge (`token_manager`) only carries it out.

use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;
use trunkline_config::Secret;

/// A token is refreshed when this much of its life is left…
pub const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(300);
/// …or this share of it, if that is shorter.
const REFRESH_SHARE: f64 = 0.2;
/// How long a token lives whose issuer does not say (Salesforce): its shortest session setting. It is
/// refreshed on a 401 in any case.
pub const DEFAULT_LIFE: Duration = Duration::from_secs(900);
/// Waits of 1, 2 and 4 s with jitter: between attempts to fetch a token, and before a token is tried again where
/// new ones are refused, too.
pub const WAITS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
/// So many of them.
pub const WAITS_MAX: u32 = 3;
/// After that, callers fail at once for this long, doubling with each further round.
const COOL_DOWN: Backoff = Backoff::new(Duration::from_secs(8), Duration::from_secs(60));

/// A token in use.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// Tells it from the tokens before and after it.
    pub generation: u64,
    /// When it was asked for: the issuer's clock started later, so counting from here is on the safe side
    /// however far the two clocks are apart.
    pub issued: Instant,
    /// When it ends.
    pub expires: Instant,
    /// Where the issuer wants the API called (Salesforce's `instance_url`).
    pub instance_url: Option<String>,
}

/// What a token endpoint granted.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token.
    pub secret: Secret,
    /// Its life, where the issuer says.
    pub expires_in: Option<Duration>,
    /// Where to call the API, where the issuer says.
    pub instance_url: Option<String>,
}

/// The state of one credential's token.
#[derive(Debug)]
pub struct TokenState {
    waits: Backoff,
    current: Option<Token>,
    refresh: Option<Refresh>,
    generation: u64,
    failed_rounds: u32,
    unavailable_until: Option<Instant>,
}

/// A refresh in flight.
#[derive(Debug, Clone, Copy, Default)]
struct Refresh {
    failed_attempts: u32,
    /// When the next attempt begins, after one that failed.
    next_attempt: Option<Instant>,
}

/// What a caller who needs a token does.
#[derive(Debug, Clone)]
pub enum Next {
    /// Use this one.
    Use(Token),
    /// Use this one, and start a refresh beside it.
    UseAndRefresh(Token),
    /// Start a refresh, then wait for its end.
    Refresh,
    /// Wait for the end of the refresh in flight, which cannot come before that time.
    Wait(Option<Instant>),
    /// Give up: the token endpoint refused or did not answer, and is left alone until then.
    Unavailable(Instant),
}

// === impl TokenState ===

impl TokenState {
    /// No token yet; `waits` between attempts to fetch one, see [`WAITS`].
    pub fn new(waits: Backoff) -> Self {
        Self { waits, current: None, refresh: None, generation: 0, failed_rounds: 0, unavailable_until: None }
    }

    /// What to do now. `UseAndRefresh` and `Refresh` are answered to one caller only, until that refresh ends by
    /// [`TokenState::granted`], [`TokenState::failed`] or an [`TokenState::attempt_failed`] without another attempt.
    pub fn next(&mut self, now: Instant) -> Next {
        let cooling = self.unavailable_until.filter(|until| now < *until);
        let usable = self.current.as_ref().filter(|token| now < token.expires).cloned();
        match (usable, cooling) {
            (Some(token), None) if self.refresh.is_none() && now >= refresh_at(&token) => {
                self.refresh = Some(Refresh::default());
                Next::UseAndRefresh(token)
            }
            (Some(token), _) => Next::Use(token),
            (None, cooling) => match (self.refresh, cooling) {
                (Some(refresh), _) => Next::Wait(refresh.next_attempt),
                (None, Some(until)) => Next::Unavailable(until),
                (None, None) => {
                    self.refresh = Some(Refresh::default());
                    Next::Refresh
                }
            },
        }
    }

    /// An attempt of the refresh in flight failed; `random` lies between 0 and 1. Returns when the next one begins;
    /// `None` when there is none, which ends the refresh.
    pub fn attempt_failed(&mut self, now: Instant, random: f64) -> Option<Instant> {
        let failed_attempts = self.refresh.unwrap_or_default().failed_attempts + 1;
        if failed_attempts > WAITS_MAX {
            self.failed(now);
            return None;
        }
        let next_attempt = Some(now + self.waits.equal_jitter(failed_attempts, random));
        self.refresh = Some(Refresh { failed_attempts, next_attempt });
        next_attempt
    }

    /// A refresh that began at `asked` ended well.
    pub fn granted(&mut self, grant: Grant, asked: Instant) -> Token {
        self.generation += 1;
        let token = Token {
            secret: grant.secret,
            generation: self.generation,
            issued: asked,
            expires: asked + grant.expires_in.unwrap_or(DEFAULT_LIFE),
            instance_url: grant.instance_url,
        };
        self.current = Some(token.clone());
        self.refresh = None;
        self.failed_rounds = 0;
        self.unavailable_until = None;
        token
    }

    /// A refresh ended in failure.
    pub fn failed(&mut self, now: Instant) {
        self.refresh = None;
        self.failed_rounds = self.failed_rounds.saturating_add(1);
        self.unavailable_until = Some(now + COOL_DOWN.bound(self.failed_rounds));
    }

    /// A call with the token of this generation was answered 401. Only the current token is dropped: an
    /// answer that comes late must not throw away the token that has replaced it. True when it was the
    /// current one.
    pub fn invalidate(&mut self, generation: u64) -> bool {
        let current = self.current.as_ref().is_some_and(|token| token.generation == generation);
        if current {
            self.current = None;
        }
        current
    }

    /// The current token, if there is one.
    pub fn current(&self) -> Option<&Token> {
        self.current.as_ref()
    }
}

/// When the token should be replaced.
pub fn refresh_at(token: &Token) -> Instant {
    let life = token.expires.saturating_duration_since(token.issued);
    token.expires - REFRESH_BEFORE_EXPIRY.min(life.mul_f64(REFRESH_SHARE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grant(seconds: Option<u64>) -> Grant {
        Grant { secret: "t".into(), expires_in: seconds.map(Duration::from_secs), instance_url: None }
    }

    fn without_token() -> TokenState {
        TokenState::new(WAITS)
    }

    fn holding(seconds: Option<u64>, now: Instant) -> TokenState {
        let mut state = without_token();
        assert!(matches!(state.next(now), Next::Refresh));
        state.granted(grant(seconds), now);
        state
    }

    #[test]
    fn a_token_is_refreshed_beside_its_use_when_five_minutes_or_a_fifth_of_its_life_are_left() {
        let start = Instant::now();
        for (life, refreshed_at) in
            [(Some(86_400), 86_100), (Some(1_799), 1_499), (Some(100), 80), (None, 720)]
        {
            let at = |seconds| start + Duration::from_secs(seconds);
            let mut state = holding(life, start);
            assert!(matches!(state.next(at(refreshed_at - 1)), Next::Use(_)), "{life:?}: too early");
            assert!(
                matches!(state.next(at(refreshed_at)), Next::UseAndRefresh(_)),
                "{life:?}: not refreshed"
            );
            assert!(
                matches!(state.next(at(refreshed_at)), Next::Use(_)),
                "{life:?}: a second refresh beside the first"
            );
        }
    }

    #[test]
    fn an_expired_token_is_waited_for() {
        let start = Instant::now();
        let mut state = holding(Some(100), start);
        let expired = start + Duration::from_secs(100);
        assert!(matches!(state.next(expired), Next::Refresh));
        assert!(matches!(state.next(expired), Next::Wait(None)));
        let token = state.granted(grant(Some(100)), expired);
        assert!(matches!(state.next(expired), Next::Use(used) if used.generation == token.generation));
    }

    #[test]
    fn only_the_current_token_is_invalidated() {
        let now = Instant::now();
        let mut state = holding(Some(100), now);
        let first = state.current().unwrap().generation;
        assert!(state.invalidate(first));
        assert!(!state.invalidate(first));
        assert!(matches!(state.next(now), Next::Refresh));
        state.granted(grant(Some(100)), now);
        assert!(!state.invalidate(first), "a late 401 threw the new token away");
        assert!(matches!(state.next(now), Next::Use(_)));
    }

    #[test]
    fn failures_cool_down_longer_each_time_and_a_valid_token_stays_in_use() {
        let start = Instant::now();
        let mut state = without_token();
        let mut now = start;
        for seconds in [8, 16, 32, 60, 60] {
            assert!(matches!(state.next(now), Next::Refresh));
            state.failed(now);
            let until = now + Duration::from_secs(seconds);
            assert!(matches!(state.next(now), Next::Unavailable(at) if at == until));
            now = until;
        }
        let mut state = holding(Some(100), start);
        let late = start + Duration::from_secs(90);
        assert!(matches!(state.next(late), Next::UseAndRefresh(_)));
        state.failed(late);
        assert!(matches!(state.next(late), Next::Use(_)));
    }

    #[test]
    fn a_refresh_tries_four_times_and_says_when_it_tries_again() {
        let start = Instant::now();
        let mut state = without_token();
        assert!(matches!(state.next(start), Next::Refresh));
        let mut now = start;
        for milliseconds in [750, 1_500, 3_000] {
            let again = state.attempt_failed(now, 0.5).unwrap();
            assert_eq!(again, now + Duration::from_millis(milliseconds));
            assert!(matches!(state.next(now), Next::Wait(Some(at)) if at == again), "a second refresh");
            now = again;
        }
        assert_eq!(state.attempt_failed(now, 0.5), None);
        assert!(matches!(state.next(now), Next::Unavailable(_)));
    }

    #[test]
    fn processes_that_lose_a_token_together_do_not_ask_together() {
        let now = Instant::now();
        let first_wait = |random| {
            let mut state = without_token();
            state.next(now);
            state.attempt_failed(now, random).unwrap() - now
        };
        assert_eq!(first_wait(0.0), Duration::from_millis(500));
        assert_eq!(first_wait(1.0), Duration::from_millis(1_000));
    }

    proptest! {
        /// However callers, answers and time interleave, never two refreshes are in flight.
        #[test]
        fn one_refresh_at_a_time(steps in prop::collection::vec((0u8..6, 0u64..60), 1..200)) {
            let mut now = Instant::now();
            let mut state = without_token();
            let mut in_flight = 0u32;
            for (step, seconds) in steps {
                match step {
                    0 | 1 => match state.next(now) {
                        Next::Refresh | Next::UseAndRefresh(_) => in_flight += 1,
                        Next::Use(token) => prop_assert!(now < token.expires),
                        Next::Wait(_) => prop_assert_eq!(in_flight, 1),
                        Next::Unavailable(until) => prop_assert!(now < until),
                    },
                    2 => if in_flight > 0 { state.granted(grant(Some(60)), now); in_flight -= 1; },
                    3 => if in_flight > 0 && state.attempt_failed(now, 0.5).is_none() { in_flight -= 1; },
                    4 => if in_flight > 0 { state.failed(now); in_flight -= 1; },
                    _ => { let generation = state.current().map_or(0, |token| token.generation); state.invalidate(generation); }
                }
                prop_assert!(in_flight <= 1);
                now += Duration::from_secs(seconds);
            }
        }
    }
}
