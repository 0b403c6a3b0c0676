//! A conversation that formats 1 and 2 of state kept, with its one agent and its one life: frozen, and only ever read.

use serde::Deserialize;

use super::causes::Causes;
use super::figures::Figures;
use super::name;
use super::point::Point;
use super::reported::Disconnect;
use super::sessions::Sessions;
use super::span::{Kind, Span};
use super::totals::Totals;
use super::{Conversation, Kept, Phase};

/// A conversation.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize, Default))]
pub(crate) struct LegacyConversation {
    pub(crate) phase: LegacyPhase,
    pub(crate) started_at: Option<i64>,
    pub(crate) queued_since: Option<i64>,
    pub(crate) queued_ms: Option<i64>,
    pub(crate) connected_since: Option<i64>,
    pub(crate) handled_ms: Option<i64>,
    pub(crate) transfers: i32,
    pub(crate) last_agent: Option<String>,
    pub(crate) customer_id: Option<String>,
}

/// Where a conversation stood.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize, Default))]
pub(crate) enum LegacyPhase {
    #[cfg_attr(test, default)]
    New,
    Started,
    Flow,
    Queued,
    Connected,
    Wrapup,
    Ended,
}

// === impl Conversation ===

impl From<LegacyConversation> for Conversation {
    /// What was counted goes on as sums; who has it now goes on as sessions without a name.
    fn from(legacy: LegacyConversation) -> Self {
        let phase = Phase::from(legacy.phase);
        let totals = Totals {
            queued: legacy.queued_ms,
            handled: legacy.handled_ms,
            transfers: legacy.transfers,
            ..Totals::default()
        };
        let kept = Kept {
            causes: Causes::of_older_format(phase, std::iter::empty()),
            started_at: legacy.started_at,
            sessions: Sessions::of_older_format(spans(phase, &legacy), totals),
            customer: legacy.customer_id.into(),
        };
        Self { figures: Figures::of(&kept.sessions), kept }
    }
}

fn spans(phase: Phase, legacy: &LegacyConversation) -> Vec<Span> {
    // When it ended, or the last agent left, was not kept. That it did is what counts.
    let began = legacy.started_at.unwrap_or_default();
    let over = (phase == Phase::Ended).then_some(began);
    let agent = legacy.last_agent.as_deref().map(name::hash);
    let mut spans = Vec::new();
    if legacy.started_at.is_some() || over.is_some() {
        spans.push(nameless(Kind::Customer, began, over));
    }
    if phase == Phase::Flow {
        spans.push(nameless(Kind::Flow, began, None));
    }
    if let Some(since) = legacy.queued_since {
        spans.push(nameless(Kind::Queue, since, None));
    }
    if let Some(since) = legacy.connected_since {
        spans.push(Span { agent, ..nameless(Kind::Agent, since, None) });
    } else if agent.is_some() && legacy.handled_ms.is_some() {
        spans.push(Span { agent, ..nameless(Kind::Agent, began, Some(began)) });
    }
    spans
}

fn nameless(kind: Kind, start: i64, end: Option<i64>) -> Span {
    Span {
        kind,
        name: 0,
        media: 0,
        agent: None,
        start: Some(Point::first_of(start)),
        end: end.map(Point::first_of),
        disconnect: Disconnect::Untold,
        durations: None,
    }
}

// === impl Phase ===

impl From<LegacyPhase> for Phase {
    fn from(legacy: LegacyPhase) -> Self {
        match legacy {
            LegacyPhase::New => Self::New,
            LegacyPhase::Started => Self::Started,
            LegacyPhase::Flow => Self::Flow,
            LegacyPhase::Queued => Self::Queued,
            LegacyPhase::Connected => Self::Connected,
            LegacyPhase::Wrapup => Self::Wrapup,
            LegacyPhase::Ended => Self::Ended,
        }
    }
}
