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

/// A conversation whose state is written and read after each event.
#[derive(Default)]
struct Kept(Conversation);

impl Kept {
    fn take(&mut self, event: &PlatformEvent) -> (Option<String>, Option<String>) {
        self.0.apply(&encoded(event), &CALLERS);
        let bytes = self.0.to_bytes().unwrap();
        assert_eq!(Conversation::from_bytes(&bytes).unwrap(), self.0);
        let owned = |id: Option<&str>| id.map(str::to_owned);
        (owned(self.0.customer_id()), owned(self.0.profile_key()))
    }
}

fn call(ani: &str) -> PlatformEvent {
    told(et::CONVERSATION_STARTED, Some("inbound"), &[("ani", ani)])
}

/// The platform's contact, as mappings tell it.
fn contact(id: &str) -> PlatformEvent {
    PlatformEvent { contact_id: Some(id.to_owned()), ..named(id) }
}

/// What a tenant's attribute says, of a customer whose contact the platform knows.
fn tenants(name: &str, id: &str) -> PlatformEvent {
    let tenant_attributes = [(name.to_owned(), id.to_owned())].into();
    PlatformEvent { tenant_attributes, contact_id: Some("contact".to_owned()), ..named(id) }
}

#[test]
fn whoever_was_named_stays_the_customer_and_until_then_the_first_address_does() {
    let mut conversation = Kept::default();
    let mut who = |event: &PlatformEvent| conversation.take(event);
    let key = |key: &str| Some(key.to_owned());
    assert_eq!(who(&call("anonymous")), (None, None));
    assert_eq!(who(&call("tel:+13172000001")), (None, key("+13172000001")));
    assert_eq!(who(&call("tel:+13172000002")), (None, key("+13172000001")));
    assert_eq!(who(&named("C-1")), (key("C-1"), key("C-1")));
    assert_eq!(who(&named("C-2")), (key("C-1"), key("C-1")));
    assert_eq!(who(&call("tel:+13172000001")), (key("C-1"), key("C-1")));
}

#[test]
fn stronger_evidence_replaces_weaker_and_each_event_has_the_customer_that_is_known_best() {
    let mut conversation = Kept::default();
    let (known_by_channel, by_contact) = (named("+4930901820"), contact("contact"));
    let by_tenant = tenants("Customer_ID", "4711");
    for (event, customer, replaces) in [
        (&known_by_channel, "+4930901820", false),
        (&by_contact, "contact", true),
        (&known_by_channel, "contact", false),
        (&contact("other"), "other", false),
        (&by_tenant, "4711", true),
        (&by_contact, "4711", false),
        (&known_by_channel, "4711", false),
        // Of those who are named alike each event has its own, and the conversation the first.
        (&tenants("customerId", "4712"), "4712", false),
        (&start(9, "c"), "4711", false),
        // An attribute of another name says nothing of whom the event names.
        (&tenants("customer", "4713"), "4711", false),
    ] {
        let event_in_bytes = encoded(event);
        let before = &conversation.0;
        assert_eq!(before.is_renamed_by(&event_in_bytes), replaces, "{customer}");
        // A profile is wanted before an event is taken in, and the same customer is published after.
        if event.customer_id.is_some() {
            assert_eq!(before.customer_of(&event_in_bytes), Some(customer));
        }
        conversation.take(event);
        assert_eq!(conversation.0.customer_of(&event_in_bytes), Some(customer));
    }
}

#[test]
fn whom_an_older_format_kept_gives_way_to_a_tenants_attribute_alone() {
    let legacy = LegacyConversation { customer_id: Some("C-1".to_owned()), ..LegacyConversation::default() };
    let mut conversation = Kept(Conversation::from(legacy));
    let mut who = |event: &PlatformEvent| conversation.take(event).0.unwrap();
    assert_eq!(who(&named("C-2")), "C-1");
    assert_eq!(who(&contact("contact")), "C-1");
    assert_eq!(who(&tenants("customerId", "4711")), "4711");
}

proptest::proptest! {
    /// Whatever comes first: the first who is named by the strongest evidence is the customer in the end.
    #[test]
    fn the_order_of_evidence_does_not_matter(told in proptest::collection::vec((0_usize..5, 0_usize..2), 0..12)) {
        let mut conversation = Kept::default();
        let mut expected: Option<(usize, String)> = None;
        for (strength, which) in told {
            let id = ["+13172000001", "+13172000002"][which].to_owned();
            let event = match strength {
                0 => start(1, "c"),
                1 => call(&id),
                2 => named(&id),
                3 => contact(&id),
                _ => tenants("customerId", &id),
            };
            if strength > expected.as_ref().map_or(0, |(known, _)| *known) {
                expected = Some((strength, id));
            }
            let key = expected.as_ref().map(|(_, id)| id.clone());
            let id = expected.as_ref().filter(|(strength, _)| *strength > 1).map(|(_, id)| id.clone());
            proptest::prop_assert_eq!(conversation.take(&event), (id, key));
        }
    }
}
