//! The life of one access token: when to use it, when to fetch the next, when to give up.
//!
//! Pure: functions of (state, input, now). That one refresh is in flight however many callers wait is decided
//! here; the edge (`token_manager`) only carries it out.

use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;
use trunkline_config::Secret;

/// A token is refreshed when the configured grace is left of its life, or this share of it, if that is shorter.
const REFRESH_SHARE: f64 = 0.2;
/// Waits of 1, 2 and 4 s with jitter between attempts to fetch a token.
pub const WAITS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
/// So many of them.
pub const WAITS_MAX: u32 = 3;
/// After that, callers fail at once for this long, doubling with each further round.
const COOL_DOWN: Backoff = Backoff::new(Duration::from_secs(8), Duration::from_secs(60));
/// The first new token after a refusal is asked for within this share of the shortest wait, a twentieth of a second:
/// instances do not come at once, and a lookup that has a quarter of a second in all gets there.
const FIRST_SHARE: f64 = 0.05;
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
    /// When it is replaced, beside its use.
    pub refresh_at: Instant,
    /// When it ends.
    pub expires: Instant,
    /// Where the issuer wants the API called.
    pub api_url: Option<String>,
}

/// When tokens are replaced, and how long is waited between attempts to fetch one.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// A token is refreshed when this much of its life is left, or a fifth of it.
    pub grace: Duration,
    /// How long a token lives whose issuer does not say.
    pub life: Duration,
    /// Between attempts, see [`WAITS`].
    pub waits: Backoff,
    /// How long a token is used before its issuer is asked whether it is still good; `None` for never.
    pub introspect_after: Option<Duration>,
}

/// What a token endpoint granted.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token.
    pub secret: Secret,
    /// Its life, where the issuer says.
    pub expires_in: Option<Duration>,
    /// Where to call the API, where the issuer says and is to be believed.
    pub api_url: Option<String>,
}

/// The state of one credential's token.
#[derive(Debug)]
pub struct TokenState {
    terms: Terms,
    current: Option<Token>,
    refresh: Option<Refresh>,
    generation: u64,
    failed_rounds: u32,
    /// Tokens that the system refused since it last accepted one.
    refused_in_a_row: u32,
    /// A token was refused, and what has come of it is not known yet: it is told once, with its outcome.
    untold: bool,
    /// When the current token was known to be good.
    known_good: Option<Instant>,
    /// Its issuer is being asked about it.
    introspecting: bool,
    /// What the issuer's answers are worth.
    introspection: Introspection,
    /// The next token is not asked for before this time, so that a fleet whose tokens end together does not ask
    /// together.
    not_before: Option<Instant>,
    hold: Option<Hold>,
}

/// What an issuer's answers about tokens are worth. Some call every token ended when the client that asks may not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Introspection {
    /// Nothing speaks against them.
    Believed,
    /// It called a token ended; it is asked about the next one as soon as that is there.
    Tried,
    /// It called that one ended as well, a moment after it had given it out: it is not asked any more.
    Useless,
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
    /// The token has ended; the next one may be fetched within a moment. It is told when the next one is accepted, or
    /// cannot be had, or is refused as well.
    Ended,
    /// It was fetched because another one was refused, and is no better; this is news.
    NewToo,
    /// As many before it.
    Again,
    /// Nothing: its issuer calls a token ended that it has just given out, so it is not asked any more.
    Doubtful,
}

/// What follows an attempt to fetch a token that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The next attempt begins then.
    AgainAt(Instant),
    /// There is none: the refresh has ended.
    ForNow {
        /// Whether the one before it ended well, so that this has to be told.
        is_news: bool,
    },
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
    /// Ask the issuer about this one, then wait for the answer.
    Introspect(Token),
    /// Start a refresh at that time, or at once; then wait for its end.
    Refresh(Option<Instant>),
    /// Wait for the end of the refresh or the question in flight, which cannot come before that time.
    Wait(Option<Instant>),
    /// Give up: there is no token, and none is fetched for a while.
    Unavailable(Hold),
}

// === impl TokenState ===

impl TokenState {
    /// No token yet.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            current: None,
            refresh: None,
            generation: 0,
            failed_rounds: 0,
            refused_in_a_row: 0,
            untold: false,
            known_good: None,
            introspecting: false,
            introspection: Introspection::Believed,
            not_before: None,
            hold: None,
        }
    }

    /// What to do now. `Introspect` is answered to one caller only, until [`TokenState::introspected`];
    /// `UseAndRefresh` and `Refresh` are answered to one caller only, until that refresh ends
    /// by [`TokenState::granted`], [`TokenState::failed`] or a [`Failed::ForNow`].
    pub fn next(&mut self, now: Instant) -> Next {
        let hold = self.held(now);
        let usable = self.current.as_ref().filter(|token| now < token.expires).cloned();
        if usable.is_some() && self.introspecting {
            return Next::Wait(None);
        }
        match (usable, hold) {
            (Some(token), _) if self.is_unsure(now) => {
                self.introspecting = true;
                Next::Introspect(token)
            }
            (Some(token), None) if self.refresh.is_none() && now >= token.refresh_at => {
                self.refresh = Some(Refresh::default());
                Next::UseAndRefresh(token)
            }
            (Some(token), _) => Next::Use(token),
            (None, hold) => match (self.refresh, hold) {
                (Some(refresh), _) => Next::Wait(refresh.next_attempt),
                (None, Some(hold)) => Next::Unavailable(hold),
                (None, None) => {
                    let next_attempt = self.not_before.take().filter(|begins| now < *begins);
                    self.refresh = Some(Refresh { failed_attempts: 0, next_attempt });
                    Next::Refresh(next_attempt)
                }
            },
        }
    }

    /// Whether the issuer has to be asked about the current token.
    fn is_unsure(&self, now: Instant) -> bool {
        let asked_before = |after| self.known_good.is_some_and(|known| now < known + after);
        self.introspection != Introspection::Useless
            && self.terms.introspect_after.is_some_and(|after| !asked_before(after))
    }

    /// What the issuer said of the token of this generation; `None` when it could not be asked. That says nothing of
    /// the token: calls go on with it, and the issuer is asked again after the usual time. `random` lies between 0
    /// and 1.
    pub fn introspected(
        &mut self,
        generation: u64,
        active: Option<bool>,
        now: Instant,
        random: f64,
    ) -> Refused {
        self.introspecting = false;
        if !self.is_current(generation) {
            return Refused::Known;
        }
        match (active, self.introspection) {
            (Some(false), Introspection::Believed) => {
                self.introspection = Introspection::Tried;
                return self.refused(generation, now, random);
            }
            (Some(false), _) => {
                self.introspection = Introspection::Useless;
                return Refused::Doubtful;
            }
            (Some(true), _) => self.introspection = Introspection::Believed,
            (None, _) => {}
        }
        self.known_good = Some(now);
        Refused::Known
    }

    /// The secret that is shown to the token endpoint is another one: what the old one came to says nothing of it. A
    /// token that there is stays in use.
    pub fn secret_changed(&mut self) {
        self.hold = None;
        self.refused_in_a_row = 0;
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

    /// An attempt of the refresh in flight failed; `random` lies between 0 and 1.
    pub fn attempt_failed(&mut self, now: Instant, random: f64) -> Failed {
        let failed_attempts = self.refresh.unwrap_or_default().failed_attempts + 1;
        if failed_attempts > WAITS_MAX {
            return Failed::ForNow { is_news: self.failed(now, random) };
        }
        let next_attempt = now + self.terms.waits.equal_jitter(failed_attempts, random);
        self.refresh = Some(Refresh { failed_attempts, next_attempt: Some(next_attempt) });
        Failed::AgainAt(next_attempt)
    }

    /// A refresh that began at `asked` ended well.
    pub fn granted(&mut self, grant: Grant, asked: Instant) -> Token {
        self.generation += 1;
        let life = grant.expires_in.unwrap_or(self.terms.life);
        let expires = asked + life;
        let token = Token {
            secret: grant.secret,
            generation: self.generation,
            issued: asked,
            refresh_at: expires - self.terms.grace.min(life.mul_f64(REFRESH_SHARE)),
            expires,
            api_url: grant.api_url,
        };
        self.current = Some(token.clone());
        self.known_good = (self.introspection != Introspection::Tried).then_some(asked);
        self.refresh = None;
        self.failed_rounds = 0;
        self.hold = None;
        token
    }

    /// A refresh ended in failure; `random` lies between 0 and 1, so that a fleet of processes does not come
    /// back together. Returns whether that is news: it is told once, until a token is issued.
    pub fn failed(&mut self, now: Instant, random: f64) -> bool {
        self.refresh = None;
        self.untold = false;
        self.failed_rounds = self.failed_rounds.saturating_add(1);
        let until = now + COOL_DOWN.equal_jitter(self.failed_rounds, random);
        self.hold = Some(Hold { until, because: Because::NoneIsIssued });
        self.failed_rounds == 1
    }

    /// A call with the token of this generation was answered 401; `random` lies between 0 and 1. Only the
    /// current token is dropped: an answer that comes late must not throw away the token that has replaced
    /// it.
    ///
    /// The first refusal says that a token has ended, and the next one is asked for within a moment. Where that is
    /// refused as well, another will hardly be better: token endpoints are left alone for longer and longer, until one
    /// is accepted.
    pub fn refused(&mut self, generation: u64, now: Instant, random: f64) -> Refused {
        if !self.is_current(generation) {
            return Refused::Known;
        }
        self.current = None;
        self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
        let new_ones = self.refused_in_a_row - 1;
        self.untold = new_ones == 0;
        if new_ones == 0 {
            self.not_before = Some(now + self.terms.waits.full_jitter(1, random).mul_f64(FIRST_SHARE));
            return Refused::Ended;
        }
        let until = now + REFUSED.equal_jitter(new_ones, random);
        self.hold = Some(Hold { until, because: Because::NoneIsAccepted });
        if new_ones == 1 { Refused::NewToo } else { Refused::Again }
    }

    /// A call with the token of this generation was let in. Returns whether that ends the story of a token that was
    /// refused before its time, which is then told: it was replaced.
    pub fn accepted(&mut self, generation: u64) -> bool {
        if !self.is_current(generation) {
            return false;
        }
        self.refused_in_a_row = 0;
        std::mem::take(&mut self.untold)
    }

    fn is_current(&self, generation: u64) -> bool {
        self.current.as_ref().is_some_and(|token| token.generation == generation)
    }

    /// The current token, if there is one.
    pub fn current(&self) -> Option<&Token> {
        self.current.as_ref()
    }
}

#[cfg(test)]
mod tests;
