//! A fact of a conversation, as a platform tells it.

use std::collections::BTreeMap;

use trunkline_schemas::PlatformEvent;

use crate::events;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact {
    pub kind: &'static str,
    pub at: i64,
    pub participant: &'static str,
    pub session: &'static str,
    pub agent: &'static str,
    pub media: &'static str,
    pub told: BTreeMap<&'static str, String>,
    /// It is of Genesys' type for the start of an agent's session, which does not tell whether the agent answered.
    pub rings: bool,
    /// It is of CXone's agent sessions, which tell of a contact when it is active, and when it is final.
    pub agent_session: bool,
}

impl Fact {
    /// The event that tells it.
    pub fn event(&self) -> PlatformEvent {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut event = events::event("c", self.kind, self.at);
        if self.rings {
            event.source_type = "v2.detail.events.conversation.{id}.user.start".to_owned();
        }
        if self.agent_session {
            event.source.channel = "agent-session".to_owned();
        }
        event.participant_id = given(self.participant);
        event.agent_id = given(self.agent);
        event.media_type = given(self.media);
        event.attributes = self.told.iter().map(|(name, told)| ((*name).to_owned(), told.clone())).collect();
        if let Some(session) = given(self.session) {
            event.attributes.insert("sessionId".to_owned(), session);
        }
        event
    }
}
