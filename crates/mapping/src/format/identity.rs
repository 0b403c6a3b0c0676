//! What makes two payloads the same fact, and what makes them say the same.

use serde_json::Value;

use crate::canonical;

/// What makes two payloads the same fact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Canonical topic: the platform's name of the type, the same on every way the fact may come.
    pub topic: String,
    /// The identity fields that the format declares for the type, in order.
    pub fields: Vec<String>,
    /// The platform's topic with the ids in it, where the type is told on one: whatever else is told there comes
    /// between two contents.
    pub told_on: Option<String>,
    /// What it says, where the fields name an occurrence by what its transport calls it: the same may then be
    /// said under several ids. `None` where the fields name it by itself.
    pub content: Option<Content>,
    /// True where neither the payload nor its wrapping names the occurrence, so that its delivery has to: the fields
    /// say no more than the content.
    pub unnamed: bool,
}

/// What a fact says of what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The platform's topic, with its ids where it has any.
    pub topic: String,
    /// Digest of the canonical body.
    pub body: String,
}

/// What tells one occurrence from another with the same body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurrence {
    /// The body holds the time of what it tells, or the id of what happens once only, so that no two occurrences have
    /// one body.
    InBody,
    /// What the transport, or the wrapping of the body, calls this one; nothing where it calls it nothing.
    Told(Vec<String>),
}

// === impl Occurrence ===

impl Occurrence {
    /// Of what no transport names: the body does, or only its delivery can.
    pub fn in_body_or_unnamed(in_body: bool) -> Self {
        if in_body { Self::InBody } else { Self::Told(Vec::new()) }
    }
}

// === impl Identity ===

impl Identity {
    /// The fields that the format declares, which name the fact by themselves.
    pub fn of_fields(topic: impl Into<String>, fields: Vec<String>) -> Self {
        Self { topic: topic.into(), fields, ..Self::default() }
    }

    /// The platform's ids, where it gives all of them, and the canonical body. What is delivered again has the same
    /// ids and the same body; the same ids with another body (one field more, another page of an answer) are kept as
    /// another fact, since one of the two would be lost otherwise.
    pub fn of_ids(
        topic: impl Into<String>,
        ids: &[Option<String>],
        body: &Value,
        without_ids: Occurrence,
    ) -> Self {
        match Self::declared(ids, &[]) {
            Some(mut fields) => {
                fields.push(canonical::hash(body));
                Self::of_fields(topic, fields)
            }
            None => Self::of_body(topic, body, without_ids),
        }
    }

    /// The declared fields, where the ones that must be there are.
    pub fn declared(required: &[Option<String>], optional: &[Option<String>]) -> Option<Vec<String>> {
        let given = required.iter().all(Option::is_some);
        given
            .then(|| required.iter().chain(optional).map(|field| field.clone().unwrap_or_default()).collect())
    }

    /// The canonical body of what the platform gives no id and tells on no topic with ids.
    pub fn of_body(topic: impl Into<String>, body: &Value, occurrence: Occurrence) -> Self {
        let (topic, hash) = (topic.into(), canonical::hash(body));
        let fields = vec!["body".to_owned(), hash.clone()];
        let content = Content { topic: topic.clone(), body: hash };
        Self::of_fields(topic, fields).told(content, occurrence)
    }

    /// The canonical body of what is told about `real_topic`, the topic with its ids: bodies of two queues may
    /// be equal.
    pub fn of_state(
        topic: impl Into<String>,
        real_topic: String,
        body: &Value,
        occurrence: Occurrence,
    ) -> Self {
        let hash = canonical::hash(body);
        let fields = vec!["topic".to_owned(), real_topic.clone(), "body".to_owned(), hash.clone()];
        let content = Content { topic: real_topic.clone(), body: hash };
        let identity = Self { told_on: Some(real_topic), ..Self::of_fields(topic, fields) };
        identity.told(content, occurrence)
    }

    /// What was left out of a body is no part of its hash, and tells two facts apart all the same; `digest` is that of
    /// what was left out.
    pub fn left_out(&mut self, digest: &str) {
        if let Some(content) = &mut self.content {
            content.body.push_str(&format!(" leftOut {digest}"));
        }
        self.fields.extend(["leftOut".to_owned(), digest.to_owned()]);
    }

    /// What names it says so within one channel only: two of them may use one name for two facts.
    pub fn told_by(mut self, channel: &str) -> Self {
        if let Some(content) = &mut self.content {
            content.body.push_str(&format!(" channel {channel}"));
        }
        self.fields.extend(["channel".to_owned(), channel.to_owned()]);
        self
    }

    /// What the body does not tell from its own repetition has a content.
    fn told(mut self, content: Content, occurrence: Occurrence) -> Self {
        if let Occurrence::Told(names) = occurrence {
            self.unnamed = names.is_empty();
            self.fields.extend(names);
            self.content = Some(content);
        }
        self
    }

    /// Its source numbers its events: where only the transport names an occurrence, the number does as well, and no two
    /// are taken for one because of what they say.
    pub fn number(&mut self, number: i64) {
        if self.content.take().is_some() {
            self.fields.extend(["sequence".to_owned(), number.to_string()]);
            self.unnamed = false;
        }
    }
}
