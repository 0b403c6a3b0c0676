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

    /// What to do now. `UseAndRefresh` and `Refresh` are answered to one caller only, until that refresh ends
    /// by [`TokenState::granted`], [`TokenState::failed`] or an [`TokenState::attempt_failed`] without
    /// another attempt.
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

    /// An attempt of the refresh in flight failed; `random` lies between 0 and 1. Returns when the next one
    /// begins; `None` when there is none, which ends the refresh.
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

    /// A refresh ended in failure; `random` lies between 0 and 1, so that a fleet of processes does not come
    /// back together.
    pub fn failed(&mut self, now: Instant, random: f64) {
        self.refresh = None;
        self.failed_rounds = self.failed_rounds.saturating_add(1);
        let until = now + COOL_DOWN.equal_jitter(self.failed_rounds, random);
        self.hold = Some(Hold { until, because: Because::NoneIsIssued });
    }

    /// A call with the token of this generation was answered 401; `random` lies between 0 and 1. Only the
    /// current token is dropped: an answer that comes late must not throw away the token that has replaced
    /// it.
    ///
    /// The first refusal says that a token has ended. Where the next one is refused as well, another will
    /// hardly be better: token endpoints are left alone for longer and longer, until one is accepted.
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
mod tests;
