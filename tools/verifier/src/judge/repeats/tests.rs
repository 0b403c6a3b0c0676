use super::*;
use crate::configuration::Windows;
use crate::evidence::Ordering;
use crate::judge::exactly_once::{self, Pending};

const WINDOW: i64 = 1_000;

const DAY: i64 = 86_400_000;

/// An event of one agent: its id, what it says, and when it happened and was taken in.
fn said(id: &str, content: &str, at: i64) -> Fact {
    Fact {
        key: "genesys/org/a".into(),
        event_id: id.into(),
        content_id: Some(content.into()),
        source_type: "v2.users.{id}.station".into(),
        topic: Some("v2.users.a.station".into()),
        event_type: "agent.state_changed".into(),
        entity_type: "agent".into(),
        event_time: at,
        ingest_time: at,
        source: "s".into(),
        ..Fact::default()
    }
}

/// What arrived, and what of it was published: those with `+` as their last letter marked.
fn judged(mode: &str, arrived: &[Fact], published: &[&str]) -> Vec<&'static str> {
    let mut evidence = Evidence::default();
    for (offset, fact) in arrived.iter().enumerate() {
        let place = Place { partition: 0, offset: offset as i64 };
        evidence.normalized.push(Fact { place, ..fact.clone() });
    }
    for (offset, name) in published.iter().enumerate() {
        let id = name.trim_end_matches('+');
        let place = Place { partition: 0, offset: offset as i64 };
        let fact = arrived.iter().find(|fact| fact.event_id == id).unwrap();
        evidence.enriched.push(Enriched {
            fact: Fact { place, ..fact.clone() },
            ordering: Ordering { mode: mode.into(), ..Ordering::default() },
            possible_repeat: name.ends_with('+'),
            ..Enriched::default()
        });
    }
    let terms = Terms { window_ms: WINDOW, sources: None };
    let repeats = Repeats::of(&evidence, terms);
    let window = Windows { ids_ms: DAY, repeats_ms: WINDOW };
    let verdict = exactly_once::judge(&evidence, window, &repeats, Pending::Lost);
    verdict.found.keys().copied().collect()
}

#[test]
fn only_what_says_what_was_said_last_may_be_missing() {
    let told = [said("1", "a", 1), said("2", "a", 2), said("3", "b", 3), said("4", "a", 4)];
    for mode in ["SORTED", "CAUSAL"] {
        assert_eq!(judged(mode, &told, &["1", "3", "4+"]), [""; 0]);
        assert_eq!(judged(mode, &told, &["1", "3"]), ["lost"], "a state that returned");
        assert_eq!(judged(mode, &told, &["1", "4"]), ["lost", "repeat-published"]);
        assert_eq!(judged(mode, &told, &["1", "2", "3", "4+"]), ["repeat-published"]);
    }
    let far = [said("1", "a", 1), said("2", "a", 2 + WINDOW)];
    assert_eq!(judged("CAUSAL", &far, &["1"]), ["lost"]);
    assert_eq!(judged("CAUSAL", &far, &["1", "2+"]), [""; 0]);
    assert_eq!(judged("CAUSAL", &far, &["1", "2"]), ["repeat-mark"], "nothing came between");
    let silent = [said("1", "a", 1), said("2", "a", 2 + DAY)];
    assert_eq!(judged("CAUSAL", &silent, &["1", "2"]), [""; 0], "the entity may have been forgotten");
    assert_eq!(judged("CAUSAL", &silent, &["1", "2+"]), [""; 0]);
    let other = Fact { topic: Some("v2.users.a.presence".into()), ..said("2", "a", 2) };
    assert_eq!(judged("CAUSAL", &[said("1", "a", 1), other], &["1"]), ["lost"]);
    let without = Fact { content_id: None, ..said("2", "a", 2) };
    assert_eq!(judged("CAUSAL", &[said("1", "a", 1), without], &["1"]), ["lost"]);
}

#[test]
fn what_names_itself_comes_between_as_well() {
    let names_itself = |fact: Fact| Fact { content_id: None, ..fact };
    let of_an_older_build = |fact: Fact| Fact { topic: None, ..names_itself(fact) };
    let numbered = |fact: Fact| Fact { sequence: Some(1), ..fact };
    let of_another_type = |fact: Fact| Fact { source_type: "presence".into(), ..of_an_older_build(fact) };
    let changes: [&dyn Fn(Fact) -> Fact; 4] =
        [&names_itself, &of_an_older_build, &numbered, &of_another_type];
    for change in changes {
        let told = [said("1", "a", 1), change(said("2", "b", 2)), said("3", "a", 3), said("4", "a", 4)];
        assert_eq!(judged("CAUSAL", &told, &["1", "2", "3+"]), [""; 0]);
        assert_eq!(judged("CAUSAL", &told, &["1", "2"]), ["lost"]);
        assert_eq!(judged("CAUSAL", &told, &["1", "2", "3"]), ["repeat-mark"]);
    }
    let elsewhere = Fact { topic: Some("v2.users.a.presence".into()), ..said("2", "b", 2) };
    let elsewhere = Fact { source_type: "v2.users.{id}.presence".into(), ..names_itself(elsewhere) };
    let told = [said("1", "a", 1), elsewhere, said("3", "a", 3)];
    assert_eq!(judged("CAUSAL", &told, &["1", "2"]), [""; 0]);
}

#[test]
fn only_a_state_may_be_missing() {
    for event_type in ["platform.event", "typing.started", "conversation.message_added"] {
        let told =
            [said("1", "a", 1), said("2", "a", 2)].map(|fact| Fact { event_type: event_type.into(), ..fact });
        assert_eq!(judged("CAUSAL", &told, &["1"]), ["lost"], "{event_type}");
        assert_eq!(judged("CAUSAL", &told, &["1", "2+"]), [""; 0], "{event_type}");
        assert_eq!(judged("CAUSAL", &told, &["1", "2"]), ["repeat-mark"], "{event_type}");
    }
}

#[test]
fn members_have_states_of_their_own() {
    let member = |id: &str, agent: &str, at: i64| Fact {
        event_type: "queue.member_changed".into(),
        agent_id: Some(agent.into()),
        ..said(id, agent, at)
    };
    let told = [member("1", "x", 1), member("2", "y", 2), member("3", "x", 3), member("4", "y", 4)];
    assert_eq!(judged("CAUSAL", &told, &["1", "2"]), [""; 0]);
    assert_eq!(judged("CAUSAL", &told, &["1", "2", "3+", "4+"]), ["repeat-published"]);
}

#[test]
fn of_much_that_was_told_something_may_be_forgotten() {
    let member = |number: usize| Fact {
        event_type: "queue.member_changed".into(),
        agent_id: Some(number.to_string()),
        ..said(&number.to_string(), &number.to_string(), 1)
    };
    let mut told: Vec<Fact> = (0..=REMEMBERED).map(member).collect();
    told.push(Fact { event_id: "again".into(), ..member(0) });
    let names: Vec<String> = told.iter().map(|fact| fact.event_id.clone()).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(judged("CAUSAL", &told, &names[..names.len() - 1]), [""; 0]);
    *names.last_mut().unwrap() = "again+";
    assert_eq!(judged("CAUSAL", &told, &names), [""; 0]);
    *names.last_mut().unwrap() = "again";
    assert_eq!(judged("CAUSAL", &told, &names), ["repeat-published"]);
    // What an id of its own names may only say again what had unknown fields.
    *told.last_mut().unwrap() = Fact { content_id: None, event_id: "named".into(), ..member(0) };
    *names.last_mut().unwrap() = "named+";
    assert_eq!(judged("CAUSAL", &told, &names), ["repeat-mark"]);
    let with_unknown = |number: usize, at: i64| {
        let mut told = told.clone();
        told[number].declared_id = Some("core".into());
        (told[number].event_time, told[number].ingest_time) = (at, at);
        told
    };
    // The oldest alone may have been forgotten, and only one of late counts.
    assert_eq!(judged("CAUSAL", &with_unknown(0, 1), &names), [""; 0]);
    for kept in [2, REMEMBERED] {
        assert_eq!(judged("CAUSAL", &with_unknown(kept, 1), &names), ["repeat-mark"], "{kept}");
    }
    assert_eq!(judged("CAUSAL", &with_unknown(0, -DISORDER * WINDOW), &names), ["repeat-mark"], "long ago");
    let mut told = with_unknown(0, 1);
    told.last_mut().unwrap().sequence = Some(1);
    assert_eq!(judged("CAUSAL", &told, &names), ["repeat-mark"], "nothing says it again");
}

#[test]
fn marks_are_recomputed() {
    let told = [said("1", "a", 1), said("2", "b", 2), said("3", "a", 3)];
    assert_eq!(judged("CAUSAL", &told, &["1", "2", "3"]), ["repeat-mark"]);
    assert_eq!(judged("CAUSAL", &told, &["1", "2+", "3+"]), ["repeat-mark"]);
    let later = [said("1", "a", 1), said("2", "b", 2), said("3", "a", 3 + WINDOW)];
    assert_eq!(judged("CAUSAL", &later, &["1", "2", "3"]), [""; 0]);
}

#[test]
fn where_it_stood_follows_from_times_where_the_source_is_sorted_and_else_from_arrival() {
    // Told were a, b, a; the last two came the other way round.
    let told = [said("1", "a", 1), said("3", "a", 3), said("2", "b", 2)];
    assert_eq!(judged("SORTED", &told, &["1", "2"]), ["lost"]);
    assert_eq!(judged("SORTED", &told, &["1", "2", "3+"]), [""; 0]);
    assert_eq!(judged("CAUSAL", &told, &["1", "2"]), [""; 0]);
}

#[test]
fn without_topics_whatever_else_is_told_comes_between_and_nobody_repeats_nobody() {
    let cxone = |id: &str, source_type: &str, content: &str, at| Fact {
        key: "cxone/org/c".into(),
        conversation_id: Some("c".into()),
        source_type: source_type.into(),
        topic: None,
        event_type: "conversation.updated".into(),
        ..said(id, content, at)
    };
    let closed = Fact { content_id: None, ..cxone("2", "ContactStatusChanged", "", 2) };
    let told = [cxone("1", "ContactUpdated", "open", 1), closed, cxone("3", "ContactUpdated", "open", 3)];
    assert!(judged("CAUSAL", &told, &["1", "2", "3+"]).is_empty());
    assert_eq!(judged("CAUSAL", &told, &["1", "2"]), ["lost"]);
    assert_eq!(judged("CAUSAL", &told, &["1", "2", "3"]), ["repeat-mark"]);
    let nobody = |id: &str, at| Fact { entity_type: "unknown".into(), topic: None, ..said(id, "a", at) };
    assert!(judged("CAUSAL", &[nobody("1", 1), nobody("2", 2)], &["1", "2+"]).is_empty());
    assert_eq!(judged("CAUSAL", &[nobody("1", 1), nobody("2", 2)], &["1"]), ["lost"]);
}

#[test]
fn what_differs_in_fields_that_no_schema_names_is_marked_within_the_window() {
    let with_unknown = |id: &str, content: Option<&str>, at| Fact {
        content_id: content.map(Into::into),
        declared_id: Some("a".into()),
        ..said(id, "", at)
    };
    // One whose id names it, and states whose content does.
    for content in [None, Some("a")] {
        let plain = |id: &str, at| Fact { content_id: content.map(Into::into), ..said(id, "", at) };
        let name = if content.is_some() { "1" } else { "a" };
        let (one, other) = (content.map(|_| "a and x"), content.map(|_| "a and y"));
        let told = [plain(name, 1), with_unknown("2", one, 2), with_unknown("3", other, 3)];
        assert_eq!(judged("SORTED", &told, &[name, "2+", "3+"]), [""; 0], "{content:?}");
        assert_eq!(judged("SORTED", &told, &[name, "2", "3+"]), ["repeat-mark"], "{content:?}");
        assert_eq!(judged("SORTED", &told, &[name, "3+"]), ["lost"], "{content:?}: none is left out");
        // In the other order too.
        let told = [with_unknown("2", one, 1), plain(name, 2)];
        assert_eq!(judged("SORTED", &told, &["2", &format!("{name}+")]), [""; 0], "{content:?}");
        assert_eq!(judged("SORTED", &told, &["2", name]), ["repeat-mark"], "{content:?}");
        let later = [with_unknown("2", one, 1), with_unknown("3", other, 2 + WINDOW)];
        assert_eq!(judged("SORTED", &later, &["2", "3"]), [""; 0], "{content:?}");
    }
    let new = [said("1", "b", 1), with_unknown("2", None, 2)];
    assert_eq!(judged("SORTED", &new, &["1", "2+"]), ["repeat-mark"], "nothing of it was said");
}
