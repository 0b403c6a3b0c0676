//! Conversations whose customer no event names.

use super::*;

const CALLER: &str = "+13172000001";

fn world(log: Vec<PlatformEvent>) -> World {
    let callers = Callers { phones: true, emails: true, region: None };
    let settings = Settings { callers, ..(*settings(OrderMode::Causal, DEADLINE)).clone() };
    World::new(Arc::new(settings), log)
}

fn call(event_type: &str, at: i64) -> PlatformEvent {
    let mut call = event("c", event_type, at);
    call.attributes.insert("ani".to_owned(), format!("tel:{CALLER}"));
    call
}

fn wanted(world: &mut World) -> Vec<String> {
    world.task.take_lookups().into_iter().map(|lookup| lookup.customer).collect()
}

fn answer(world: &mut World, customer: &str) {
    world.profiles.learn(profile(customer, world.now), world.now);
    world.step(|task, ctx| task.profile_learned(customer, ctx));
}

#[test]
fn whoever_calls_without_a_name_is_looked_up_by_the_number_and_stays_without_a_name() {
    let queued = event("c", et::QUEUE_ENTERED, 1_001);
    let log = vec![call(et::CONVERSATION_STARTED, 1_000), queued, call(et::CONVERSATION_ENDED, 1_002)];
    let mut world = world(log);
    assert!(world.read());
    assert_eq!(wanted(&mut world), [CALLER]);
    answer(&mut world, CALLER);
    world.commit();
    // What is kept of the conversation says who calls, whoever goes on with it.
    world.crash();
    while world.read() {}
    world.pass(HOLD + 1);
    assert_eq!(wanted(&mut world), [""; 0], "who that is is known");
    world.commit();
    assert_eq!(world.published.len(), 3);
    for event in &world.published {
        assert_eq!(
            (event.customer_id.as_deref(), event.enrichment.status),
            (None, EnrichmentStatus::Complete)
        );
        assert_eq!(event.profile.as_ref().unwrap().customer_id, CALLER);
    }
    let known = world.profiles.known(CALLER).unwrap();
    assert_eq!(known.last_interaction_date, Some(1_002), "the end of the call is one of the caller's");
}

#[test]
fn once_an_event_names_the_customer_the_number_is_not_asked_about() {
    let mut named = event("c", et::FLOW_STARTED, 1_001);
    named.customer_id = Some("C-1".to_owned());
    let log = vec![call(et::CONVERSATION_STARTED, 1_000), named, call(et::CONVERSATION_ENDED, 1_002)];
    let mut world = world(log);
    assert!(world.read());
    assert_eq!(wanted(&mut world), [CALLER]);
    answer(&mut world, CALLER);
    while world.read() {}
    assert_eq!(wanted(&mut world), ["C-1"]);
    answer(&mut world, "C-1");
    world.pass(HOLD + 1);
    world.commit();
    let said = |event: &EnrichedEvent| {
        (event.customer_id.clone(), event.profile.as_ref().unwrap().customer_id.clone())
    };
    let customer = (Some("C-1".to_owned()), "C-1".to_owned());
    let said: Vec<_> = world.published.iter().map(said).collect();
    assert_eq!(said, [(None, CALLER.to_owned()), customer.clone(), customer]);
}

#[test]
fn what_a_flow_found_out_counts_from_then_on_and_before_the_contact_of_later_events() {
    let named = |at, customer: &str| {
        let mut named = event("c", et::FLOW_STARTED, at);
        named.customer_id = Some(customer.to_owned());
        named.contact_id = Some("contact".to_owned());
        named
    };
    let mut attribute = named(1_002, "4711");
    attribute.tenant_attributes.insert("customerId".to_owned(), "4711".to_owned());
    let begun = event("c", et::CONVERSATION_STARTED, 1_000);
    let log = vec![
        begun,
        named(1_001, "contact"),
        attribute,
        named(1_003, "contact"),
        event("c", et::CONVERSATION_ENDED, 1_004),
    ];
    let mut world = world(log);
    for customer in ["contact", "4711"] {
        world.profiles.learn(profile(customer, world.now), world.now);
    }
    while world.read() {}
    world.pass(HOLD + 1);
    assert_eq!(world.task.counters().customers_replaced, 1);
    world.commit();
    let said = |event: &EnrichedEvent| {
        let profile = event.profile.as_ref().map(|profile| profile.customer_id.clone());
        assert_eq!(event.customer_id, profile);
        event.customer_id.clone().unwrap_or_default()
    };
    let said: Vec<_> = world.published.iter().map(said).collect();
    assert_eq!(said, ["", "contact", "4711", "4711", "4711"]);
}

#[test]
fn nobody_is_asked_about_who_withholds_the_number_and_where_addresses_do_not_count() {
    let mut withheld = event("c", et::CONVERSATION_STARTED, 1_000);
    withheld.attributes.insert("ani".to_owned(), "sip:anonymous@anonymous.invalid".to_owned());
    let by_number_alone =
        World::new(settings(OrderMode::Causal, DEADLINE), vec![call(et::CONVERSATION_STARTED, 1)]);
    for mut world in [world(vec![withheld]), by_number_alone] {
        world.finish();
        assert_eq!(wanted(&mut world), [""; 0]);
        assert_eq!(world.published[0].enrichment.status, EnrichmentStatus::Skipped);
    }
}

#[test]
fn plugins_look_up_who_calls_whether_the_profile_came_in_time_or_not() {
    let log = vec![call(et::CONVERSATION_STARTED, 1_000)];
    for in_time in [true, false] {
        let mut world = world(log.clone());
        let plugin_events = [et::CONVERSATION_STARTED.to_owned()].into();
        let settings = Settings { plugin_events, ..(*world.settings).clone() };
        world.settings = Arc::new(settings);
        world.crash();
        assert!(world.read());
        if in_time {
            answer(&mut world, CALLER)
        } else {
            world.pass(DEADLINE + 1)
        }
        let request = world.task.take_plugin_requests().remove(0);
        assert_eq!((request.event.profile.is_some(), request.customer.as_deref()), (in_time, Some(CALLER)));
    }
}

#[test]
fn nobody_is_looked_up_where_no_profiles_are_fetched() {
    let mut world = world(vec![call(et::CONVERSATION_STARTED, 1_000)]);
    world.settings = Arc::new(Settings { enrich_deadline_ms: 0, ..(*world.settings).clone() });
    world.crash();
    while world.read() {}
    world.pass(HOLD + 1);
    world.commit();
    assert_eq!(wanted(&mut world), [""; 0]);
    assert_eq!(world.published[0].enrichment.status, EnrichmentStatus::Skipped);
}
