//! One secret that is read again and again, and what each reading means.
//!
//! Pure: functions of (state, input, now).

use std::time::{Duration, Instant};

use trunkline_config::{ExposeSecret, Secret, SecretHandle, SecretReference};

use crate::certificate_end;

/// A secret and everything in the configuration that refers to it.
#[derive(Debug)]
pub(crate) struct Followed {
    /// Its reference, as reports name it.
    name: String,
    handles: Vec<SecretHandle>,
    failing: bool,
}

/// What a reading means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Nothing has changed.
    None,
    /// There is another value.
    Changed,
    /// It cannot be read any more, or not as what it has to be; its last value stays.
    Lost(String),
    /// It still cannot be read.
    StillLost,
    /// It can be read again; the value may be another one.
    Found {
        /// Whether it is.
        changed: bool,
    },
}

// === impl Followed ===

impl Followed {
    /// Follows what these handles refer to. There is at least one, and all have the same reference.
    pub(crate) fn new(reference: &SecretReference, handles: Vec<SecretHandle>) -> Self {
        Self { name: reference.to_string(), handles, failing: false }
    }

    /// Its reference, as reports name it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The value in use.
    pub(crate) fn current(&self) -> Option<Secret> {
        self.handles.first().map(SecretHandle::current)
    }

    /// When the certificates in it end, in seconds since 1970, where it has some.
    pub(crate) fn certificate_end(&self) -> Option<i64> {
        let ends = self
            .handles
            .iter()
            .map(|handle| certificate_end::end(handle.form(), handle.current().expose_secret()));
        ends.flatten().min()
    }

    /// Why a value cannot take the place of the one in use.
    pub(crate) fn check(&self, value: &str) -> Result<(), &'static str> {
        self.handles.iter().try_for_each(|handle| handle.form().check(value))
    }

    /// It was read: a value, or why there is none.
    pub(crate) fn read(&mut self, read: Result<Secret, String>, now: Instant, grace: Duration) -> News {
        let mut changed = false;
        let taken = read.and_then(|value| {
            for handle in &self.handles {
                changed |=
                    handle.replace(value.clone(), now, grace).map_err(|wrong| format!("it is {wrong}"))?;
            }
            Ok(())
        });
        let was_failing = std::mem::replace(&mut self.failing, taken.is_err());
        match (taken, was_failing) {
            (Err(reason), false) => News::Lost(reason),
            (Err(_), true) => News::StillLost,
            (Ok(()), true) => News::Found { changed },
            (Ok(()), false) if changed => News::Changed,
            (Ok(()), false) => News::None,
        }
    }

    /// Wipes the replaced values whose time is over.
    pub(crate) fn forget(&self, now: Instant) {
        self.handles.iter().for_each(|handle| handle.forget(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_news_once_and_the_last_value_stays() {
        let now = Instant::now();
        let handle = SecretHandle::from("old");
        let reference = SecretReference::File("/run/secrets/x".into());
        let mut followed = Followed::new(&reference, vec![handle.clone()]);
        let mut read = |read: Result<&str, &str>| {
            followed.read(read.map(Secret::from).map_err(str::to_owned), now, Duration::ZERO)
        };
        let gone = || News::Lost("gone".to_owned());
        assert_eq!(read(Ok("old")), News::None);
        assert_eq!(
            (read(Err("gone")), read(Err("gone")), read(Ok(""))),
            (gone(), News::StillLost, News::StillLost)
        );
        assert_eq!(handle.current().expose_secret(), "old");
        assert_eq!(read(Ok("new")), News::Found { changed: true });
        assert_eq!((read(Err("gone")), read(Ok("new"))), (gone(), News::Found { changed: false }));
        assert_eq!(read(Ok("")), News::Lost("it is an empty secret".to_owned()));
        assert_eq!((read(Ok("new")), read(Ok("newer"))), (News::Found { changed: false }, News::Changed));
        assert_eq!(handle.current().expose_secret(), "newer");
    }
}
