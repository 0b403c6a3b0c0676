//! What is shared by all sources, and shared out among them: half of it each may have by itself, so that a flood at one
//! leaves the others theirs.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// So much of something; a permit is one.
pub struct Shares {
    common: Semaphore,
    own: BTreeMap<String, Semaphore>,
}

/// What is held of it.
#[derive(Default)]
pub struct Held<'a> {
    common: Option<SemaphorePermit<'a>>,
    own: Option<SemaphorePermit<'a>>,
}

// === impl Shares ===

impl Shares {
    /// So much of it, of which a half is shared out among these sources.
    pub fn new<'n>(all: usize, sources: impl ExactSizeIterator<Item = &'n String>) -> Self {
        let each = all / 2 / sources.len().max(1);
        Self {
            common: Semaphore::new(all - each * sources.len()),
            own: sources.map(|name| (name.clone(), Semaphore::new(each))).collect(),
        }
    }

    /// Takes so much for a source, if there is as much now: its own first.
    pub fn take<'a>(&'a self, source: &str, amount: u32, held: &mut Held<'a>) -> bool {
        let own = self.own.get(source).and_then(|own| own.try_acquire_many(amount).ok());
        let is_own = own.is_some();
        let Some(permit) = own.or_else(|| self.common.try_acquire_many(amount).ok()) else { return false };
        held.add(permit, is_own);
        true
    }

    /// The same, and waits for it a while.
    pub async fn wait<'a>(
        &'a self,
        source: &str,
        amount: u32,
        patience: Duration,
        held: &mut Held<'a>,
    ) -> bool {
        if self.take(source, amount, held) {
            return true;
        }
        let own = async {
            match self.own.get(source) {
                Some(own) => own.acquire_many(amount).await.ok(),
                None => std::future::pending().await,
            }
        };
        let either = async {
            tokio::select! {
                permit = own => (permit, true),
                permit = self.common.acquire_many(amount) => (permit.ok(), false),
            }
        };
        match timeout(patience, either).await {
            Ok((Some(permit), is_own)) => {
                held.add(permit, is_own);
                true
            }
            _ => false,
        }
    }
}

// === impl Held ===

impl<'a> Held<'a> {
    fn add(&mut self, more: SemaphorePermit<'a>, is_own: bool) {
        let held = if is_own { &mut self.own } else { &mut self.common };
        match held {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(all: usize, sources: &[&str]) -> Shares {
        let sources: Vec<String> = sources.iter().map(|name| (*name).to_owned()).collect();
        Shares::new(all, sources.iter())
    }

    #[test]
    fn a_flood_at_one_source_leaves_the_others_their_own() {
        let shares = shares(8, &["one", "other"]);
        let (mut flood, mut other) = (Held::default(), Held::default());
        let taken = |source: &str, held: &mut Held<'_>, shares: &'static Shares| {
            (0..9).filter(|_| shares.take(source, 1, held)).count()
        };
        let shares: &'static Shares = Box::leak(Box::new(shares));
        assert_eq!(taken("one", &mut flood, shares), 6);
        assert_eq!(taken("other", &mut other, shares), 2);
        drop(flood);
        assert_eq!(taken("other", &mut other, shares), 4);
        drop(other);
        assert_eq!(taken("nobody", &mut Held::default(), shares), 4, "the common half");
    }

    #[tokio::test]
    async fn what_is_given_back_goes_to_who_waits() {
        let shares = shares(2, &["one"]);
        let mut held = Held::default();
        assert!(shares.take("one", 1, &mut held) && shares.take("one", 1, &mut held));
        let mut waits = Held::default();
        assert!(!shares.wait("one", 1, Duration::from_millis(1), &mut waits).await);
        let (waited, ()) = tokio::join!(shares.wait("one", 1, Duration::from_secs(60), &mut waits), async {
            tokio::task::yield_now().await;
            held.own = None;
        });
        assert!(waited);
    }
}
