//! One contact under many names.

use serde_json::{Value, json};

use super::*;

fn read<'a, T>(data: &'a Value, read: impl Fn(&Contact<'a>) -> T) -> T {
    read(&Contact::of(Fields::of(data)))
}

#[test]
fn a_contact_is_the_same_under_each_of_its_names() {
    let contact = json!({
        "id": 42, "contactId": "c-1", "interactionId": "i-1", "status": "open", "direction": "inbound",
        "routingQueueId": "q-1", "inboxAssignee": 7,
        "authorEndUserIdentity": {"idOnExternalPlatform": "visitor"},
        "customFields": [{"ident": "tier", "value": "gold"}],
    });
    for name in NAMES {
        let data = json!({ name: contact });
        assert_eq!(read(&data, Contact::conversation).as_deref(), Some("42"), "{name}");
        assert_eq!(read(&data, |c| c.text("contactId")).as_deref(), Some("c-1"), "{name}");
        assert_eq!(read(&data, |c| c.current("status")).as_deref(), Some("open"), "{name}");
        assert_eq!(read(&data, Contact::assignee).as_deref(), Some("7"), "{name}");
        assert_eq!(read(&data, Contact::queue).as_deref(), Some("q-1"), "{name}");
        assert_eq!(read(&data, Contact::customer).as_deref(), Some("visitor"), "{name}");
        assert_eq!(read(&data, Contact::tenant_attributes)["tier"], "gold", "{name}");
    }
}

#[test]
fn the_conversation_has_several_names() {
    for (data, expected) in [
        (json!({"case": {"id": "1"}, "contact": {"id": "2"}}), Some("1")),
        (json!({"contact": {"id": "2", "caseId": "1"}}), Some("1")),
        (json!({"consumerContact": {"id": 18_446_744_073_709_551_615_u64}}), Some("18446744073709551615")),
        (json!({"message": {"contactNumber": "3"}}), Some("3")),
        (json!({"messages": [{}, {"contactNumber": 4}]}), Some("4")),
        (json!({"lastMessage": {"contactNumber": "5"}}), Some("5")),
        (json!({"agentContact": {"id": "6", "user": {"id": 7}}}), None),
    ] {
        assert_eq!(read(&data, Contact::conversation).as_deref(), expected, "{data}");
    }
}

#[test]
fn the_agent_of_a_segment_is_its_user() {
    for (data, expected) in [
        (json!({"agentContact": {"id": "s-1", "user": {"id": 12_214}}}), Some("12214")),
        (json!({"agentContact": {"id": "s-1", "user": "12214"}}), Some("12214")),
        (json!({"agentContact": {"id": "s-1", "user": null}}), None),
        (json!({"agentContact": null}), None),
    ] {
        assert_eq!(read(&data, Contact::agent_of_segment).as_deref(), expected, "{data}");
    }
    for (data, expected) in [
        (json!({"inboxAssignee": {"id": 7}}), Some("7")),
        (json!({"inboxAssignee": 7}), Some("7")),
        (json!({"case": {"inboxAssignee": null, "inboxAssigneeUser": {"id": 7}}}), Some("7")),
        (json!({"contact": {"inboxAssignee": {"id": "7"}}}), Some("7")),
        (json!({"contact": {"inboxAssignee": 0}}), None),
        (json!({"contact": {"inboxAssignee": {"id": "0"}}}), None),
        (json!({"inboxAssignee": {"id": ""}, "case": {"inboxAssigneeUser": {"id": 0}}}), None),
        (json!({"case": {"inboxAssignee": 0, "inboxAssigneeUser": {"id": 7}}}), Some("7")),
        (json!({"delta": {"name": "inboxAssignee", "previousValue": 7, "currentValue": 0}}), None),
    ] {
        assert_eq!(read(&data, Contact::assignee).as_deref(), expected, "{data}");
    }
}

#[test]
fn whoever_had_it_before_is_named_or_nobody() {
    for (data, expected) in [
        (json!({"previousInboxAssignee": {"id": 7}}), Some("7")),
        (json!({"previousInboxAssignee": "7"}), Some("7")),
        (
            json!({"delta": {"name": "inboxAssignee", "previousValue": {"id": 7}, "currentValue": 0}}),
            Some("7"),
        ),
        (json!({"previousInboxAssignee": {"id": 0}}), None),
        (json!({"previousInboxAssignee": 0}), None),
        (json!({"previousInboxAssignee": null}), None),
        (json!({}), None),
    ] {
        assert_eq!(read(&data, Contact::previous_assignee).as_deref(), expected, "{data}");
    }
}

#[test]
fn a_customer_is_found_wherever_it_is_named() {
    let channel = json!({"externalPlatformId": "chat", "idOnExternalPlatform": "the-channel"});
    for (data, expected) in [
        (json!({"contact": {"customFields": [{"ident": "customerId", "value": 42}]}}), "42"),
        (
            json!({"customer": {"customFields": [{"ident": "customer.customFields.customer_id", "value": "c"}]}}),
            "c",
        ),
        (json!({"customer": {"customFields": {"CustomerId": "c"}}}), "c"),
        (json!({"contact": {"customer": {"customerIdent": "a"}}}), "a"),
        (json!({"contact": {"customer": {"identities": [{}, {"idOnExternalPlatform": "a"}]}}}), "a"),
        (json!({"customer": {"idents": [{"idOnExternalPlatform": "a"}]}}), "a"),
        (
            json!({"case": {"endUser": {"identities": [
                {"idOnExternalPlatform": "b", "externalPlatformId": "email"},
                {"idOnExternalPlatform": "a", "externalPlatformId": "chat"},
            ]}}}),
            "a",
        ),
        (json!({"lastMessage": {"authorEndUserIdentity": {"idOnExternalPlatform": "a"}}}), "a"),
        (
            json!({"contact": {"endUserRecipients": [
                {"idOnExternalPlatform": "the-channel", "isPrimary": true},
                {"idOnExternalPlatform": "a"},
            ]}}),
            "a",
        ),
        (json!({"thread": {"author": {"id": "a"}}}), "a"),
        (json!({"consumerIdentity": {"idOnExternalPlatform": "a"}}), "a"),
    ] {
        let mut data = data;
        data["channel"] = channel.clone();
        assert_eq!(read(&data, Contact::customer).as_deref(), Some(expected), "{data}");
    }
    assert_eq!(
        read(&json!({"channel": channel, "case": {"recipients": [channel]}}), Contact::customer),
        None
    );
}

#[test]
fn what_a_contact_says_stands_before_what_its_end_user_does() {
    let field = |value: &str| json!([{"ident": "tier", "value": value}, {"ident": "empty", "value": null}]);
    let data = json!({
        "case": {"customFields": field("gold"), "endUser": {"customFields": field("silver")}},
        "customer": {"customFields": [{"ident": "customer.customFields.age", "value": 24}, {"value": "nameless"}]},
    });
    let attributes = read(&data, Contact::tenant_attributes);
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(attributes, ["age=24", "tier=gold"]);
}

#[test]
fn a_delta_tells_a_field_in_any_form() {
    for data in [
        json!({"delta": {"name": "inboxAssignee", "previousValue": {"id": 1}, "currentValue": {"id": 2}}}),
        json!({"delta": {"inboxAssignee": {"previousValue": 1, "currentValue": 2}}}),
        json!({"deltas": [{"field": "contact.inboxAssigneeId", "previousValue": "1", "currentValue": "2"}]}),
        json!({"changes": [{"path": "/contact/inboxAssignee", "previousValue": 1, "currentValue": {"id": "2"}}]}),
    ] {
        let found = read(&data, |c| (c.changed("inboxAssignee", Side::Previous), c.assignee()));
        assert_eq!(found, (Some("1".into()), Some("2".into())), "{data}");
        assert_eq!(read(&data, |c| c.becomes("inboxAssignee")), Some(true), "{data}");
        assert_eq!(read(&data, Contact::changes).1, [Some("1".into()), Some("2".into())], "{data}");
    }
    let data =
        json!({"delta": {"name": "routingQueue", "previousValue": {"id": "q-1"}, "currentValue": null}});
    assert_eq!(read(&data, |c| (c.becomes("routingQueue"), c.becomes("status"))), (Some(false), None));
    for (data, names) in [
        (
            json!({"deltas": [{"name": "a", "currentValue": 1}, {"name": "b", "currentValue": 2}]}),
            vec!["a", "b"],
        ),
        (json!({"deltas": [7, "x", null, {"name": "a"}], "delta": "x"}), vec![]),
    ] {
        let (found, values) = read(&data, Contact::changes);
        assert_eq!((found, values), (names.into_iter().map(String::from).collect(), [None, None]), "{data}");
    }
}

#[test]
fn a_delta_means_a_field_however_the_way_to_it_is_written() {
    for (name, field) in [
        ("inboxAssignee", "inboxAssignee"),
        ("contact.inboxAssignee", "inboxAssignee"),
        ("/contact/inboxAssignee/id", "inboxAssignee"),
        ("inboxAssigneeUser", "inboxAssignee"),
        ("inboxAssigneeUserId", "inboxAssignee"),
        ("routingQueueId", "routingQueue"),
        ("routingQueue.id", "routingQueue"),
        ("status", "status"),
        ("user", "user"),
        ("User", "User"),
        ("id", ""),
    ] {
        assert_eq!(field_of(name), field, "{name}");
    }
    for name in ["inboxAssignee.id", "/inboxAssigneeUserId", "InboxAssignee"] {
        let data = json!({"contact": {"id": 1}, "delta": {"name": name, "currentValue": 7}});
        assert_eq!(read(&data, Contact::assignee).as_deref(), Some("7"), "{name}");
    }
}

#[test]
fn a_phone_number_of_whatsapp_is_one_and_other_digits_are_ids() {
    let on = |platform: &str| json!({"realExternalPlatformId": platform});
    let identity = |id: &str, platform: Option<&str>| json!({"idOnExternalPlatform": id, "externalPlatformId": platform});
    let (number, whatsapp) = ("13172000001", Some("whatsapp"));
    let by = |id: &str, platform| json!({"authorEndUserIdentity": identity(id, platform)});
    for (data, expected) in [
        (json!({"case": by(number, None), "channel": on("WhatsApp")}), "+13172000001"),
        (json!({"message": by(number, whatsapp)}), "+13172000001"),
        (json!({"case": {"endUser": {"identities": [identity(number, whatsapp)]}}}), "+13172000001"),
        (
            json!({"contact": {"recipients": [{"idOnExternalPlatform": number}]}, "channel": on("whatsapp")}),
            "+13172000001",
        ),
        // What is an address already stays as it is written.
        (json!({"case": by("+13172000001", None), "channel": on("sms")}), "+13172000001"),
        (json!({"case": by("ada@example.com", None), "channel": on("email")}), "ada@example.com"),
        // Of a text message the country's code may be missing; other digits are no numbers at all.
        (json!({"case": by("3172000001", None), "channel": on("sms")}), "3172000001"),
        (json!({"case": by(number, None), "channel": on("facebook")}), number),
        (json!({"case": by(number, None)}), number),
        (json!({"case": by(number, Some("facebook")), "channel": on("whatsapp")}), number),
        (json!({"case": by("01731234567", whatsapp), "channel": on("whatsapp")}), "01731234567"),
        (json!({"case": by("4711", whatsapp), "channel": on("whatsapp")}), "4711"),
        (json!({"case": by("1234567890123456", whatsapp), "channel": on("whatsapp")}), "1234567890123456"),
        (json!({"case": by("986c229d", whatsapp), "channel": on("whatsapp")}), "986c229d"),
    ] {
        assert_eq!(read(&data, Contact::customer).as_deref(), Some(expected), "{data}");
    }
    let named = json!({"case": {"customFields": [{"ident": "customerId", "value": number}]}, "channel": on("whatsapp")});
    assert_eq!(read(&named, Contact::customer).as_deref(), Some(number), "the company's own number");
}
