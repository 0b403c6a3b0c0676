//! Commands for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::Span;
use trunkline_config::{Breaker, Credentials, Http, Mode, Retry, Target};
use trunkline_connect::writes::Request;
use trunkline_kafka::InboundRecord;
use trunkline_schemas::WriteBack;
use trunkline_schemas::headers::Headers;
use trunkline_systems::{Guarantee, System};

use crate::answer::{Failure, FailureKind};
use crate::command::{Command, Issued};
use crate::decision::{Expiry, Terms};

/// The topic of all commands made here.
pub(crate) const TOPIC: &str = "writebacks.salesforce";

/// An upsert of one field of one resource.
pub(crate) fn write_back(command: &str, resource: &str) -> WriteBack {
    WriteBack {
        command_id: command.to_owned(),
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
        customer_id: Some("C-000001".to_owned()),
        correlation_id: "k-1".to_owned(),
        rule_id: "r-1".to_owned(),
        rule_set_version: "v".to_owned(),
        observe: false,
        issued_at: 0,
        expires_at: None,
    }
}

/// The target that these commands go to.
pub(crate) fn target() -> Target {
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
        timeout: Duration::from_secs(5),
        rate: System::Salesforce.limits().default_rate,
        breaker: Breaker::default(),
        retry: Retry::default(),
        http: Http::default(),
        answer_limit_bytes: 2 << 20,
    }
}

/// The record of a command.
pub(crate) fn record(partition: i32, offset: i64, resource: &str) -> InboundRecord {
    InboundRecord {
        topic: TOPIC.into(),
        partition,
        offset,
        key: Some(resource.as_bytes().to_vec()),
        value: Some(b"command".to_vec()),
        headers: Headers::new(),
        timestamp: 0,
        leader_epoch: None,
    }
}

/// A command whose id is `<partition>/<offset>`.
pub(crate) fn command(partition: i32, offset: i64, resource: &str, terms: Terms) -> Arc<Command> {
    let write_back = write_back(&format!("{partition}/{offset}"), resource);
    let request = Request::from_write_back(&write_back, System::Salesforce, None).unwrap();
    let issued = Issued {
        record: record(partition, offset, resource),
        write_back,
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        span: Span::none(),
    };
    Arc::new(Command { issued: Arc::new(issued), target: 0, request, terms })
}

/// Terms of an operation that the target recognises, with a request lifetime of 5 s.
pub(crate) fn terms() -> Terms {
    Terms {
        guarantee: Guarantee::IdempotencyKey,
        observe: false,
        expiry: Expiry::of(None, 0, i64::MAX),
        request_lifetime_ms: 5_000,
    }
}

/// A failure of this kind.
pub(crate) fn failure(kind: FailureKind, sent: bool) -> Failure {
    Failure { kind, sent, status: None, code: None, message: "it failed".to_owned(), retry_after_ms: None }
}
