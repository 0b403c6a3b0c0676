//! What is written to the log: commands, some under a schema that comes late, some that make no sense.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_config::{Breaker, Credentials, Http, Mode, Retry, Target};
use trunkline_kafka::InboundRecord;
use trunkline_schemas::WriteBack;
use trunkline_schemas::codec::Encoder;
use trunkline_schemas::headers::Headers;
use trunkline_systems::System;

/// The topic of all commands.
pub const TOPIC: &str = "writebacks.salesforce";

/// The schema id that the sink knows from its start.
pub const KNOWN: u32 = 7;

/// The schema id that the registry learns later.
pub const LATE: u32 = 8;

/// The longest that a request lives, in milliseconds: the target's timeout.
pub const LIFETIME_MS: i64 = 5_000;

/// The target that all commands go to.
pub fn target() -> Target {
    Target {
        name: "crm".to_owned(),
        system: System::Salesforce,
        org: "org".to_owned(),
        base_url: "http://127.0.0.1:1".to_owned(),
        credentials: Credentials::Basic { username: "u".to_owned(), password: "p".into() },
        api_version: None,
        headers: BTreeMap::new(),
        profile: None,
        mode: Mode::Apply,
        timeout: Duration::from_millis(LIFETIME_MS as u64),
        rate: System::Salesforce.limits().default_rate,
        breaker: Breaker::default(),
        retry: Retry::default(),
        http: Http::default(),
        answer_limit_bytes: 2 << 20,
    }
}

/// Whether a record is of the schema that comes late.
pub fn is_late(record: &InboundRecord) -> bool {
    record.value.as_deref().and_then(|value| value.get(1..5)) == Some(&LATE.to_be_bytes()[..])
}

/// The id of the command at an offset.
pub fn id(partition: i32, offset: i64) -> String {
    format!("{partition}/{offset}")
}

/// The record of a command; of a schema, or (`None`) of bytes that make no sense.
pub fn record(
    partition: i32,
    offset: i64,
    resource: &str,
    schema: Option<u32>,
    timestamp: i64,
) -> InboundRecord {
    let value = match schema {
        Some(schema) => {
            let command = write_back(&id(partition, offset), resource, timestamp);
            Encoder::new(schema).encode_to_vec(&command).unwrap()
        }
        None => b"no command".to_vec(),
    };
    InboundRecord {
        topic: TOPIC.into(),
        partition,
        offset,
        key: Some(resource.as_bytes().to_vec()),
        value: Some(value),
        headers: Headers::new(),
        timestamp,
        leader_epoch: None,
    }
}

fn write_back(id: &str, resource: &str, issued_at: i64) -> WriteBack {
    WriteBack {
        command_id: id.to_owned(),
        target: "crm".to_owned(),
        system: "salesforce".to_owned(),
        operation: "upsert".to_owned(),
        resource: resource.to_owned(),
        parameters: BTreeMap::from(
            [("object", "Contact"), ("externalIdField", "CustomerNumber__c"), ("externalId", "C-000001")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        ),
        fields: BTreeMap::from([("LastQueue__c".to_owned(), "vip".to_owned())]),
        event_id: "e-1".to_owned(),
        conversation_id: Some("c-1".to_owned()),
        contact_id: None,
        flow_session_id: None,
        customer_id: None,
        correlation_id: "k-1".to_owned(),
        rule_id: "r-1".to_owned(),
        rule_set_version: "v".to_owned(),
        observe: false,
        issued_at,
        expires_at: None,
    }
}
