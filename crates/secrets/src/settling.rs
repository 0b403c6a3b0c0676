//! Whether the content of a file is whole.
//!
//! Kubernetes replaces a symbolic link, and Docker or `mv` a file: both are whole at once. An editor or `>` empties the
//! file first and writes it piece by piece. A new content is therefore believed when two looks in a row find it.
//!
//! Pure: functions of (state, input).

use trunkline_config::{ExposeSecret, Secret};

/// What a look at a file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The content is what it was.
    Same,
    /// It is another one, and may be half written.
    Unsettled,
    /// It is another one, for the second time.
    Settled,
}

/// What the last look found, where that was news.
#[derive(Debug, Default)]
pub(crate) struct Settling(Option<Secret>);

// === impl Settling ===

impl Settling {
    /// A look at a file has found this, and `current` is in use.
    pub(crate) fn looked(&mut self, found: &Secret, current: &Secret) -> Look {
        let is = |one: &Secret| one.expose_secret() == found.expose_secret();
        if is(current) {
            self.0 = None;
            return Look::Same;
        }
        match self.0.take() {
            Some(last) if is(&last) => Look::Settled,
            _ => {
                self.0 = Some(found.clone());
                Look::Unsettled
            }
        }
    }

    /// A look has found nothing that could be a secret.
    pub(crate) fn found_nothing(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_believed_when_two_looks_in_a_row_find_it() {
        let mut settling = Settling::default();
        let current = Secret::from("old");
        let looks = ["old", "ne", "new", "new"].map(|found| settling.looked(&found.into(), &current));
        assert_eq!(looks, [Look::Same, Look::Unsettled, Look::Unsettled, Look::Settled]);
        let current = Secret::from("new");
        assert_eq!(settling.looked(&"x".into(), &current), Look::Unsettled);
        settling.found_nothing();
        assert_eq!(settling.looked(&"x".into(), &current), Look::Unsettled, "nothing lay between");
        assert_eq!(settling.looked(&"new".into(), &current), Look::Same);
        assert_eq!(settling.looked(&"x".into(), &current), Look::Unsettled, "it came back between");
        assert_eq!(format!("{settling:?}"), "Settling(Some(***))");
    }
}
