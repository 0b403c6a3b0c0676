//! How a customer is looked up in a system: what is asked, and what the answers say.
//!
//! Pure; `profile_part` does the asking.

use serde_json::Value;
use trunkline_config::{ProfileMapping, Target};
use trunkline_profiles::ProfileData;

use crate::encode::Unsafe;
use crate::record::{self, Unreadable};

/// So many records are read at most where one is expected: enough to say that there are several.
pub(crate) const MOST_RECORDS: usize = 20;

/// What a customer is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProfileKey {
    /// The customer's number, as the mapping's `key` field has it.
    Number(String),
    /// A phone number in E.164 (`+13172000001`), as the mapping's `phone` fields have it.
    Phone(String),
    /// An e-mail address, as the mapping's `email` fields have it.
    Email(String),
    /// The system's own id of the customer's record.
    RecordId(String),
}

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Who the customer is: the record, with what is read of it.
    Record,
    /// What makes a profile: also what belongs to the customer and is counted or summed.
    Profile,
}

/// What a system knows by a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing.
    None,
    /// One customer.
    One(FoundCustomer),
    /// So many records where one is expected, of which none is chosen; there may be more when it is as many as are
    /// read.
    Several(usize),
}

/// A customer whom a system knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundCustomer {
    /// The system's own id of the record; `None` where no record was asked for.
    pub record_id: Option<String>,
    /// The customer's number; `None` where the record has none.
    pub number: Option<String>,
    /// What was read.
    pub data: ProfileData,
}

/// Whom a system is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) target: &'a Target,
    pub(crate) mapping: &'a ProfileMapping,
    pub(crate) key: &'a ProfileKey,
    pub(crate) depth: Depth,
}

/// A lookup under way: questions and answers in turn.
pub(crate) trait Lookup: Send {
    /// What to ask next, or what the answers so far say.
    fn next(&mut self, answer: Answer<'_>) -> Result<Step, Problem>;
}

/// How a lookup of a system begins.
pub(crate) type Begin = for<'a> fn(Subject<'a>) -> Box<dyn Lookup + 'a>;

/// What came of the last question.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer<'a> {
    /// None was asked yet.
    Begin,
    /// It was answered.
    Json(&'a Value),
    /// The system answered that what was asked for does not exist (404).
    NotFound,
}

/// What a lookup does next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Ask this.
    Ask(Ask),
    /// It ends.
    Done(Found),
}

/// A question: the endpoint class, and path and query under the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) class: &'static str,
    pub(crate) path: String,
}

/// Why a lookup cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The key cannot be put into a question.
    Unsafe(Unsafe),
    /// An answer is not what the mapping says.
    Unreadable(Unreadable),
    /// The mapping names no field to search by: which setting is empty.
    NoSearchField(&'static str),
}

// === impl ProfileKey ===

impl ProfileKey {
    /// What it is, for people: `number`, `phone`, `email` or `record id`. The value itself may be personal data.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Phone(_) => "phone",
            Self::Email(_) => "email",
            Self::RecordId(_) => "record id",
        }
    }

    /// The value.
    pub fn value(&self) -> &str {
        match self {
            Self::Number(value) | Self::Phone(value) | Self::Email(value) | Self::RecordId(value) => value,
        }
    }
}

// === impl Subject ===

impl<'a> Subject<'a> {
    /// The fields of the record of which one must have the key's value.
    pub(crate) fn key_fields(&self) -> Result<Vec<&'a str>, Problem> {
        let record = &self.mapping.record;
        let fields: Vec<&str> = match self.key {
            ProfileKey::Number(_) => vec![record.key.as_str()],
            ProfileKey::RecordId(_) => vec![record.id.as_str()],
            ProfileKey::Phone(_) => record.phone.iter().map(String::as_str).collect(),
            ProfileKey::Email(_) => record.email.iter().map(String::as_str).collect(),
        };
        if fields.is_empty() { Err(Problem::NoSearchField(self.key.kind())) } else { Ok(fields) }
    }

    /// The customer's number, where no record needs to be read to answer.
    pub(crate) fn number_alone(&self) -> Option<&'a str> {
        let asks_record = self.depth == Depth::Record
            || self.mapping.related.is_none()
            || !self.mapping.record.fields.is_empty();
        match self.key {
            ProfileKey::Number(number) if !asks_record => Some(number),
            _ => None,
        }
    }

    /// The customer of the one record that was read, as the mapping has its fields; what is found when it is not one.
    pub(crate) fn customer(&self, records: &[&Value]) -> Result<Result<FoundCustomer, Found>, Unreadable> {
        let [found] = records else { return Ok(Err(Found::not_one(records.len()))) };
        let mapping = &self.mapping.record;
        Ok(Ok(FoundCustomer {
            record_id: record::text(found, &mapping.id)?,
            number: record::text(found, &mapping.key)?,
            data: record::data(found, &mapping.fields)?,
        }))
    }
}

// === impl Found ===

impl Found {
    /// What so many records, which are not one, say.
    pub(crate) fn not_one(count: usize) -> Self {
        if count == 0 { Self::None } else { Self::Several(count) }
    }
}

impl From<Unsafe> for Problem {
    fn from(error: Unsafe) -> Self {
        Self::Unsafe(error)
    }
}

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}
