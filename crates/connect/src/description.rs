//! How a system describes an object: what is asked, and what the answers say. Pure; `describe` does the asking.

use std::collections::BTreeMap;

use trunkline_config::Target;

use crate::record::Unreadable;

/// The fields of an object, each with where it leads: the name that paths call the relation by, and the object.
pub(crate) type Fields = BTreeMap<String, Option<Relation>>;

/// A field that names a record of another object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    pub(crate) name: String,
    pub(crate) object: String,
}

/// What a description says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has these fields.
    Fields(Fields),
    /// There is none of this name, but of these, as far as the answer says.
    NoSuchObject(Vec<String>),
}

/// How a description goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask this path; the type of answer that is wanted.
    Ask(String, &'static str),
    /// It ends.
    Done(Known),
}

/// How an object is described: what to ask after these answers (bodies; `None` for a 404).
pub(crate) type Next = fn(&Target, &str, &[Option<Vec<u8>>]) -> Result<Step, Unreadable>;

/// An answer's body as JSON.
pub(crate) fn json(body: &[u8]) -> Result<serde_json::Value, Unreadable> {
    serde_json::from_slice(body).map_err(|_| Unreadable::new("it is no JSON"))
}
