//! What stands below the name of a credential: `{"credentials": {"db": {"user": …, "x": …}}}`.

use super::names;
use crate::json_text::Step;

/// How deep the outermost array or object is that has the name of a credential and is around the value visited last.
#[derive(Debug, Default)]
pub struct Below(Option<usize>);

// === impl Below ===

impl Below {
    /// Takes the next value of the text into account, arrays and objects before their parts.
    pub fn visit(&mut self, path: &[Step<'_>], value: &str) {
        self.0 = self.0.filter(|depth| path.len() > *depth);
        if self.0.is_none()
            && value.starts_with(['{', '['])
            && matches!(path.last(), Some(Step::Name(name)) if names::holds_credentials(name))
        {
            self.0 = Some(path.len());
        }
    }

    /// Whether a text at the end of this way is a secret by that: what only tells of a credential is none.
    pub fn is_secret(&self, path: &[Step<'_>]) -> bool {
        self.0.is_some_and(|depth| path.len() > depth) && !own_name(path).is_some_and(names::describes)
    }
}

/// The name of a value, or of the list it is in.
pub fn own_name<'p>(path: &'p [Step<'_>]) -> Option<&'p str> {
    path.iter().rev().find_map(|step| match step {
        Step::Name(name) => Some(&**name),
        Step::Position(_) => None,
    })
}
