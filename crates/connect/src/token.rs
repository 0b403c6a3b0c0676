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
/// Waits of 1, 2 and 4 s with jitter between attempts to fetch a token.
pub const WAITS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
/// So many of them.
pub const WAITS_MAX: u32 = 3;
/// After that, callers fail at once for this long, doubling with each further round.
const COOL_DOWN: Backoff = Backoff::new(Duration::from_secs(8), Duration::from_secs(60));
/// Waits before the next token is fetched where new ones are refused, too.
const REFUSED: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

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
    /// Tokens that the system refused since it last accepted one.
    refused_in_a_row: u32,
    hold: Option<Hold>,
}

/// No token is fetched for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Until then.
    pub until: Instant,
    /// Why.
    pub because: Because,
}

/// Why no token is fetched for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The token endpoint refused or did not answer.
    NoneIsIssued,
    /// The system refuses what the token endpoint issues.
    NoneIsAccepted,
}

/// What the refusal of a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It was known, or the token has been replaced since.
    Known,
    /// The token has ended; the next one may be fetched at once.
    Ended,
    /// It was fetched because another one was refused, and is no better; this is news.
    NewToo,
    /// As many before it.
    Again,
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
    /// Give up: there is no token, and none is fetched for a while.
    Unavailable(Hold),
}

// === impl TokenState ===

impl TokenState {
    /// No token yet; `waits` between attempts to fetch one, see [`WAITS`].
    pub fn new(waits: Backoff) -> Self {
        Self {
            waits,
            current: None,
            refresh: None,
            generation: 0,
            failed_rounds: 0,
            refused_in_a_row: 0,
            hold: None,
        }
    }

    /// What to do now. `UseAndRefresh` and `Refresh` are answered to one caller only, until that refresh ends by
    /// [`TokenState::granted`], [`TokenState::failed`] or an [`TokenState::attempt_failed`] without another attempt.
    pub fn next(&mut self, now: Instant) -> Next {
        let hold = self.held(now);
        let usable = self.current.as_ref().filter(|token| now < token.expires).cloned();
        match (usable, hold) {
            (Some(token), None) if self.refresh.is_none() && now >= refresh_at(&token) => {
                self.refresh = Some(Refresh::default());
                Next::UseAndRefresh(token)
            }
            (Some(token), _) => Next::Use(token),
            (None, hold) => match (self.refresh, hold) {
                (Some(refresh), _) => Next::Wait(refresh.next_attempt),
                (None, Some(hold)) => Next::Unavailable(hold),
                (None, None) => {
                    self.refresh = Some(Refresh::default());
                    Next::Refresh
                }
            },
        }
    }

    /// Whether no token is fetched for a while; a token that there is may be used all the same.
    fn held(&self, now: Instant) -> Option<Hold> {
        self.hold.filter(|hold| now < hold.until)
    }

    /// Until when there is no token and none is fetched.
    pub fn held_until(&self, now: Instant) -> Option<Instant> {
        let usable = self.current.as_ref().is_some_and(|token| now < token.expires);
        let hold = self.held(now).filter(|_| !usable && self.refresh.is_none());
        hold.map(|hold| hold.until)
    }

    /// An attempt of the refresh in flight failed; `random` lies between 0 and 1. Returns when the next one begins;
    /// `None` when there is none, which ends the refresh.
    pub fn attempt_failed(&mut self, now: Instant, random: f64) -> Option<Instant> {
        let failed_attempts = self.refresh.unwrap_or_default().failed_attempts + 1;
        if failed_attempts > WAITS_MAX {
            self.failed(now, random);
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
        self.hold = None;
        token
    }

    /// A refresh ended in failure; `random` lies between 0 and 1, so that a fleet of processes does not come back
    /// together.
    pub fn failed(&mut self, now: Instant, random: f64) {
        self.refresh = None;
        self.failed_rounds = self.failed_rounds.saturating_add(1);
        let until = now + COOL_DOWN.equal_jitter(self.failed_rounds, random);
        self.hold = Some(Hold { until, because: Because::NoneIsIssued });
    }

    /// A call with the token of this generation was answered 401; `random` lies between 0 and 1. Only the current
    /// token is dropped: an answer that comes late must not throw away the token that has replaced it.
    ///
    /// The first refusal says that a token has ended. Where the next one is refused as well, another will hardly be
    /// better: token endpoints are left alone for longer and longer, until one is accepted.
    pub fn refused(&mut self, generation: u64, now: Instant, random: f64) -> Refused {
        if !self.is_current(generation) {
            return Refused::Known;
        }
        self.current = None;
        self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
        let new_ones = self.refused_in_a_row - 1;
        if new_ones == 0 {
            return Refused::Ended;
        }
        let until = now + REFUSED.equal_jitter(new_ones, random);
        self.hold = Some(Hold { until, because: Because::NoneIsAccepted });
        if new_ones == 1 { Refused::NewToo } else { Refused::Again }
    }

    /// A call with the token of this generation was let in.
    pub fn accepted(&mut self, generation: u64) {
        if self.is_current(generation) {
            self.refused_in_a_row = 0;
        }
    }

    fn is_current(&self, generation: u64) -> bool {
        self.current.as_ref().is_some_and(|token| token.generation == generation)
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
    fn only_the_current_token_is_dropped() {
        let now = Instant::now();
        let mut state = holding(Some(100), now);
        let first = state.current().unwrap().generation;
        assert_eq!(state.refused(first, now, 1.0), Refused::Ended);
        assert_eq!(state.refused(first, now, 1.0), Refused::Known);
        assert!(matches!(state.next(now), Next::Refresh));
        state.granted(grant(Some(100)), now);
        assert_eq!(state.refused(first, now, 1.0), Refused::Known, "a late 401 threw the new token away");
        assert!(matches!(state.next(now), Next::Use(_)));
    }

    #[test]
    fn failures_cool_down_longer_each_time_and_a_valid_token_stays_in_use() {
        let start = Instant::now();
        let mut state = without_token();
        let mut now = start;
        for seconds in [8, 16, 32, 60, 60] {
            assert!(matches!(state.next(now), Next::Refresh));
            state.failed(now, 1.0);
            let hold = Hold { until: now + Duration::from_secs(seconds), because: Because::NoneIsIssued };
            assert!(matches!(state.next(now), Next::Unavailable(found) if found == hold));
            now = hold.until;
        }
        let mut state = holding(Some(100), start);
        let late = start + Duration::from_secs(90);
        assert!(matches!(state.next(late), Next::UseAndRefresh(_)));
        state.failed(late, 1.0);
        assert!(matches!(state.next(late), Next::Use(_)));
    }

    /// A state whose tokens are refused one after the other, and for how many milliseconds the next one is not fetched.
    fn refused_one_after_the_other(tokens: usize, random: f64) -> (TokenState, Vec<u128>, Instant) {
        let (mut state, mut now, mut waits) = (without_token(), Instant::now(), Vec::new());
        for _ in 0..tokens {
            assert!(matches!(state.next(now), Next::Refresh));
            let token = state.granted(grant(Some(3_600)), now);
            state.refused(token.generation, now, random);
            let until = state.held_until(now).unwrap_or(now);
            waits.push((until - now).as_millis());
            now = until;
        }
        (state, waits, now)
    }

    #[test]
    fn a_system_that_refuses_every_new_token_is_sent_fewer_and_fewer() {
        for (random, expected) in [
            (1.0, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]),
            (0.0, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]),
        ] {
            assert_eq!(refused_one_after_the_other(9, random).1, expected);
        }
    }

    #[test]
    fn a_token_that_is_accepted_ends_the_waiting_and_the_next_refusal_is_a_first_one() {
        let (mut state, _, now) = refused_one_after_the_other(5, 1.0);
        assert!(matches!(state.next(now), Next::Refresh));
        let (earlier, token) = (state.generation, state.granted(grant(Some(3_600)), now).generation);
        state.accepted(earlier);
        assert_eq!(state.refused_in_a_row, 5, "a late answer to an earlier one says nothing of this one");
        state.accepted(token);
        assert_eq!(state.refused(token, now, 1.0), Refused::Ended);
        assert!(matches!(state.next(now), Next::Refresh), "it is replaced at once");
    }

    #[test]
    fn only_the_first_new_token_that_is_refused_is_news() {
        let mut state = without_token();
        let mut now = Instant::now();
        let mut found = Vec::new();
        for _ in 0..4 {
            state.next(now);
            let token = state.granted(grant(Some(3_600)), now).generation;
            found.extend([state.refused(token, now, 0.5), state.refused(token, now, 0.5)]);
            now = state.held_until(now).unwrap_or(now);
        }
        use Refused::{Again, Ended, Known, NewToo};
        assert_eq!(found, [Ended, Known, NewToo, Known, Again, Known, Again, Known]);
    }

    #[test]
    fn who_comes_while_none_is_accepted_is_told_until_when() {
        let (mut state, _, now) = refused_one_after_the_other(1, 1.0);
        state.next(now);
        let token = state.granted(grant(Some(3_600)), now).generation;
        state.refused(token, now, 0.5);
        let hold = Hold { until: now + Duration::from_millis(750), because: Because::NoneIsAccepted };
        assert!(matches!(state.next(now), Next::Unavailable(found) if found == hold));
        assert_eq!(state.held_until(now), Some(hold.until));
        assert!(matches!(state.next(hold.until), Next::Refresh));
        assert_eq!(state.held_until(hold.until), None);
    }

    #[test]
    fn processes_whose_token_endpoint_fails_do_not_come_back_together() {
        let now = Instant::now();
        let cool_down = |random| {
            let mut state = without_token();
            state.next(now);
            state.failed(now, random);
            state.held_until(now).unwrap() - now
        };
        assert_eq!([cool_down(0.0), cool_down(0.5), cool_down(1.0)].map(|wait| wait.as_secs()), [4, 6, 8]);
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
        fn one_refresh_at_a_time(steps in prop::collection::vec((0u8..7, 0u64..60), 1..200)) {
            let mut now = Instant::now();
            let mut state = without_token();
            let mut in_flight = 0u32;
            for (step, seconds) in steps {
                match step {
                    0 | 1 => match state.next(now) {
                        Next::Refresh | Next::UseAndRefresh(_) => in_flight += 1,
                        Next::Use(token) => prop_assert!(now < token.expires),
                        Next::Wait(_) => prop_assert_eq!(in_flight, 1),
                        Next::Unavailable(hold) => prop_assert!(now < hold.until),
                    },
                    2 => if in_flight > 0 { state.granted(grant(Some(60)), now); in_flight -= 1; },
                    3 => if in_flight > 0 && state.attempt_failed(now, 0.5).is_none() { in_flight -= 1; },
                    4 => if in_flight > 0 { state.failed(now, 0.5); in_flight -= 1; },
                    5 => { let generation = state.current().map_or(0, |token| token.generation); state.refused(generation, now, 0.5); }
                    _ => { let generation = state.current().map_or(0, |token| token.generation); state.accepted(generation); }
                }
                prop_assert!(in_flight <= 1);
                now += Duration::from_secs(seconds);
            }
        }
    }
}
