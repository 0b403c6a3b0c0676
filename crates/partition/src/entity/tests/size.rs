//! What an entity takes in state.

use super::*;

#[test]
fn a_call_costs_what_the_architecture_says() {
    let sizes: Vec<usize> =
        call::taken(&call::events()).map(|entity| entity.stored.encode().unwrap().len()).collect();
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    assert!(first <= 70 && last <= 350, "{first} bytes after one event, {last} after {}", sizes.len());
    // Each event writes the whole value; of the mean, ids take 104 bytes.
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!(mean <= 220, "{mean} bytes for an event");
}

#[test]
fn an_entity_without_a_conversation_takes_little_more_than_its_ids() {
    let mut agent = Entity::default();
    let mut told = event("a", "agent.state_changed", call::BEGAN);
    (told.entity_type, told.conversation_id) = ("agent".to_owned(), None);
    told.source.channel = "eventbridge".to_owned();
    let order = ChannelOrder::kept(Some(call::BEGAN), None);
    agent.emit(KEY, &encoded(&told), 1, call::BEGAN, order, &Callers::default());
    let bytes = agent.stored.encode().unwrap().len();
    assert!(bytes <= 16 + 16, "{bytes} bytes");
}
