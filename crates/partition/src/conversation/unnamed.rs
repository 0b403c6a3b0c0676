//! Ends that name nobody: an agent was taken off a conversation, and the event does not say which.

use std::borrow::Cow;

use super::name;
use super::session::{self, Session};
use super::sessions::Sessions;
use super::span::{Kind, Span, paired};

/// The facts, where each end that names nobody is the end of the session that it can mean.
pub(super) fn told_whose(kept: &Sessions) -> Cow<'_, [Span]> {
    let spans = kept.spans.as_slice();
    if !spans.iter().any(|span| names_nobody(span) && span.end.is_some()) {
        return Cow::Borrowed(spans);
    }
    let customers = session::of_customers(kept);
    let (agents, mut others): (Vec<Span>, Vec<Span>) =
        spans.iter().cloned().partition(|span| matches!(span.kind, Kind::Agent | Kind::Assignee));
    let medium = |kind: Kind, name: u64| {
        let same = agents.iter().filter(|span| (span.kind, span.name) == (kind, name));
        same.map(|span| span.media).max().unwrap_or(0)
    };
    let mut facts: Vec<Span> = agents.iter().cloned().flat_map(Span::split).collect();
    facts.sort_by_key(Span::first);
    let mut running: Vec<(u64, Session<'_>)> = Vec::new();
    for fact in &mut facts {
        let (Some(at), ends) = fact.first() else { continue };
        running.retain(|(_, one)| session::by_customers(one, &customers).is_none_or(|gone| gone >= at));
        if ends {
            if names_nobody(fact)
                && let Some((kind, name)) = whose(&running)
            {
                (fact.kind, fact.name, fact.media, fact.agent) = (kind, name, 0, None);
            }
            running.retain(|(name, one)| (one.kind, *name) != (fact.kind, fact.name));
            continue;
        }
        if fact.kind == Kind::Assignee {
            running.retain(|(name, one)| one.kind != Kind::Assignee || *name == fact.name);
        }
        let observes = fact.kind == Kind::Agent && kept.observers.include(name::participant(fact.name));
        let known = running.iter().any(|(name, one)| (one.kind, *name) == (fact.kind, fact.name));
        if !observes && !known {
            let media = medium(fact.kind, fact.name);
            running.push((fact.name, Session { media, ..Session::started(fact, at, observes) }));
        }
    }
    others.extend(paired(facts));
    Cow::Owned(others)
}

fn names_nobody(span: &Span) -> bool {
    (span.kind, span.name) == (Kind::Agent, 0)
}

/// Whose session an end can mean: that of one who has no name either, else that of the one who is assigned, else the
/// only one.
fn whose(running: &[(u64, Session<'_>)]) -> Option<(Kind, u64)> {
    let named = |(name, session): &(u64, Session<'_>)| (session.kind, *name);
    let nameless = running.iter().map(named).find(|one| *one == (Kind::Agent, 0));
    let assigned = || running.iter().map(named).find(|(kind, _)| *kind == Kind::Assignee);
    let only = || running.first().filter(|_| running.len() == 1).map(named);
    nameless.or_else(assigned).or_else(only)
}
