//! Who the customer is: named by an event, else known by an address.

use trunkline_profiles::address::Region;

use super::*;

const CALLERS: Callers = Callers { phones: true, emails: true, region: Some(Region::DE) };

fn told(event_type: &str, direction: Option<&str>, told: &[(&str, &str)]) -> PlatformEvent {
    let direction = direction.map(str::to_owned);
    PlatformEvent { direction, ..fact(event_type, 1, "session", None, told) }
}

fn named(id: &str) -> PlatformEvent {
    PlatformEvent { customer_id: Some(id.to_owned()), ..fact(et::FLOW_STARTED, 2, "f", None, &[]) }
}

fn caller(event: &PlatformEvent, callers: Callers) -> Option<String> {
    callers.caller(&encoded(event))
}

#[test]
fn who_calls_in_or_is_called_is_the_customer() {
    let call = [("ani", "tel:+13172000001"), ("dnis", "tel:+4930901820")];
    let (inbound, outbound) = (Some("inbound"), Some("outbound"));
    for (event_type, direction, attributes, expected) in [
        (et::CONVERSATION_STARTED, inbound, &call[..], Some("+13172000001")),
        (et::CONVERSATION_STARTED, outbound, &call, Some("+4930901820")),
        (et::CONVERSATION_ENDED, inbound, &call, Some("+13172000001")),
        // Which of the two is the customer is not known.
        (et::CONVERSATION_STARTED, None, &call, None),
        // An agent, a queue or a flow may be told by the address of another agent.
        (et::PARTICIPANT_CONNECTED, inbound, &call, None),
        (et::QUEUE_ENTERED, inbound, &call, None),
        (et::FLOW_STARTED, outbound, &call, None),
        (et::CONVERSATION_STARTED, inbound, &[("ani", "030 901820")], Some("+4930901820")),
        (et::CONVERSATION_STARTED, inbound, &[("ani", "sip:anonymous@anonymous.invalid")], None),
        (et::CONVERSATION_STARTED, inbound, &[("ani", "4711"), ("dnis", "tel:+4930901820")], None),
        (et::CONVERSATION_STARTED, inbound, &[("addressFrom", "ada@example.com")], Some("ada@example.com")),
        (et::CONVERSATION_STARTED, outbound, &[("addressFrom", "us@example.com")], None),
        // An id of a messenger is no phone number of the region.
        (et::CONVERSATION_STARTED, inbound, &[("addressFrom", "030901820")], None),
        (et::CONVERSATION_STARTED, inbound, &[("addressFrom", "+13172000001")], Some("+13172000001")),
        (et::CONVERSATION_STARTED, inbound, &[], None),
    ] {
        let event = told(event_type, direction, attributes);
        assert_eq!(caller(&event, CALLERS).as_deref(), expected, "{event_type} {direction:?} {attributes:?}");
        assert_eq!(caller(&event, Callers::default()), None);
    }
}

#[test]
fn only_the_kinds_of_addresses_count_that_customers_are_searched_by() {
    let phone = told(et::CONVERSATION_STARTED, Some("inbound"), &[("ani", "tel:+13172000001")]);
    let email = told(et::CONVERSATION_STARTED, Some("inbound"), &[("addressFrom", "ada@example.com")]);
    let (no_phones, no_emails) = (Callers { phones: false, ..CALLERS }, Callers { emails: false, ..CALLERS });
    assert_eq!((caller(&phone, no_phones), caller(&email, no_emails)), (None, None));
    assert!(caller(&phone, no_emails).is_some() && caller(&email, no_phones).is_some());
}

#[test]
fn a_contact_of_cxone_has_its_customer_where_it_is_the_first_of_its_conversation() {
    let contact = |of: &[(&str, &str)], direction| {
        let call = [("ANI", "+13172000001"), ("DNIS", "+4930901820")];
        let event = told(et::PARTICIPANT_CONNECTED, Some(direction), &[&call, of].concat());
        caller(&PlatformEvent { source_type: "CallContactEvent".to_owned(), ..event }, CALLERS)
    };
    let (first, second) = ([("ContactID", "1"), ("MasterID", "1")], [("ContactID", "2"), ("MasterID", "1")]);
    assert_eq!(contact(&first, "inbound").as_deref(), Some("+13172000001"));
    assert_eq!(contact(&first, "outbound").as_deref(), Some("+4930901820"));
    assert_eq!((contact(&second, "inbound"), contact(&[], "inbound")), (None, None));
}

#[test]
fn whoever_was_named_stays_the_customer_and_until_then_the_first_address_does() {
    let call = |ani| told(et::CONVERSATION_STARTED, Some("inbound"), &[("ani", ani)]);
    let mut conversation = Conversation::default();
    let mut who = |event: &PlatformEvent| {
        conversation.apply(&encoded(event), &CALLERS);
        let bytes = postcard::to_allocvec(&conversation).unwrap();
        assert_eq!(postcard::from_bytes::<Conversation>(&bytes).unwrap(), conversation);
        let owned = |id: Option<&str>| id.map(str::to_owned);
        (owned(conversation.customer_id()), owned(conversation.profile_key()))
    };
    let key = |key: &str| Some(key.to_owned());
    assert_eq!(who(&call("anonymous")), (None, None));
    assert_eq!(who(&call("tel:+13172000001")), (None, key("+13172000001")));
    assert_eq!(who(&call("tel:+13172000002")), (None, key("+13172000001")));
    assert_eq!(who(&named("C-1")), (key("C-1"), key("C-1")));
    assert_eq!(who(&named("C-2")), (key("C-1"), key("C-1")));
    assert_eq!(who(&call("tel:+13172000001")), (key("C-1"), key("C-1")));
}
