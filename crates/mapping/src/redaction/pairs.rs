//! Values whose names stand beside them: `{"ident": "accessToken", "value": "…"}`.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::names;
use crate::json_text::{Step, unquoted};

/// The objects of a text of which a member names another one as a credential.
///
/// Arrays and objects are told apart by the address of their bracket, which costs less to keep than the way
/// to them.
#[derive(Debug, Default)]
pub struct Pairs {
    /// Those around the value that was visited last, from below the root.
    around: Vec<usize>,
    naming: HashSet<usize, RandomState>,
    /// Those that have what may be a signature, those that have what is signed, and those that have both.
    signatures: HashSet<usize, RandomState>,
    signed: HashSet<usize, RandomState>,
    forms: HashSet<usize, RandomState>,
}

/// Stands for the root, which is not visited.
const ROOT: usize = 0;

// === impl Pairs ===

impl Pairs {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.naming.is_empty() && self.forms.is_empty()
    }

    /// Takes the next value of the text into account.
    pub fn visit(&mut self, path: &[Step<'_>], value: &str) {
        self.around.truncate(path.len() - 1);
        if value.starts_with(['{', '[']) {
            self.around.push(value.as_ptr() as usize);
        } else if let (Some(Step::Name(member)), true) = (path.last(), value.starts_with('"')) {
            let object = self.object(path.len() - 1);
            if names::names_credential(member, &unquoted(value)) {
                self.naming.insert(object);
            }
            if names::may_be_signature(member) {
                self.signatures.insert(object);
            } else if names::is_signed(member) {
                self.signed.insert(object);
            } else {
                return;
            }
            if self.signatures.contains(&object) && self.signed.contains(&object) {
                self.forms.insert(object);
            }
        }
    }

    /// Whether the text that was visited last is the signature of a request, by what stands beside it.
    pub fn is_signature(&self, path: &[Step<'_>], value: &str) -> bool {
        match path.last() {
            Some(Step::Name(member)) if !self.forms.is_empty() => {
                names::may_be_signature(member)
                    && self.forms.contains(&self.object(path.len() - 1))
                    // A letter's is one of several words.
                    && !value.contains(char::is_whitespace)
            }
            _ => false,
        }
    }

    /// Whether the value that was visited last, or the list or the object it is in, is named as a credential
    /// by what stands beside it.
    pub fn name(&self, path: &[Step<'_>]) -> bool {
        if self.naming.is_empty() {
            return false;
        }
        let own = path.iter().rposition(|step| matches!(step, Step::Name(_)));
        let is_named = |depth: usize, may_be_named: fn(&str) -> bool| match path.get(depth) {
            Some(Step::Name(member)) => may_be_named(member) && self.naming.contains(&self.object(depth)),
            Some(Step::Position(_)) | None => false,
        };
        own.is_some_and(|own| {
            let around = own.checked_sub(1);
            is_named(own, names::is_named_value) || around.is_some_and(|at| is_named(at, names::is_named))
        })
    }

    /// What a step at this depth is taken in.
    fn object(&self, depth: usize) -> usize {
        depth.checked_sub(1).and_then(|above| self.around.get(above)).copied().unwrap_or(ROOT)
    }
}
