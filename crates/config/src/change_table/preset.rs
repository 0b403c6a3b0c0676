//! Where each system's changes stand, as its relays post them.

use trunkline_systems::System;

use super::{ChangeTable, CrmChangeType, EntityPart};
use crate::event_table::WordPattern;
use crate::source_kind::SourceKind;

/// The table of a kind; `None` where its payloads are no changes.
pub(super) fn of(kind: SourceKind) -> Option<ChangeTable> {
    match kind {
        SourceKind::SalesforceCdc => Some(salesforce()),
        SourceKind::ServiceNowChange => Some(servicenow()),
        SourceKind::SapChange => Some(sap()),
        _ => None,
    }
}

/// Change Data Capture: the header is the same by CometD, Pub/Sub and Event Relay; what stands around it is not.
fn salesforce() -> ChangeTable {
    ChangeTable {
        at: all(["/payload", "/data/payload", "/detail/payload", ""]),
        header: "/ChangeEventHeader".to_owned(),
        known: all([
            "entityName",
            "recordIds",
            "changeType",
            "changeOrigin",
            "transactionKey",
            "sequenceNumber",
            "commitTimestamp",
            "commitNumber",
            "commitUser",
            "nulledFields",
            "diffFields",
            "changedFields",
        ]),
        entity: all(["/ChangeEventHeader/entityName"]),
        records: vec![all(["/ChangeEventHeader/recordIds"])],
        change: all(["/ChangeEventHeader/changeType"]),
        words: words([
            ("CREATE", CrmChangeType::Create),
            ("UPDATE", CrmChangeType::Update),
            ("DELETE", CrmChangeType::Delete),
            ("UNDELETE", CrmChangeType::Undelete),
            ("GAP_OVERFLOW", CrmChangeType::Overflow),
            ("GAP_*", CrmChangeType::Gap),
        ]),
        changed: all(["/ChangeEventHeader/changedFields"]),
        nulled: all(["/ChangeEventHeader/nulledFields"]),
        values: all([""]),
        unions: true,
        changed_at: all(["/ChangeEventHeader/commitTimestamp"]),
        sequence: all(["/ChangeEventHeader/commitNumber"]),
        origin: all(["/ChangeEventHeader/changeOrigin"]),
        own: vec![WordPattern::new("*;client=trunkline"), WordPattern::new("*;client=trunkline/*")],
        identity: all(["/ChangeEventHeader/transactionKey", "/ChangeEventHeader/sequenceNumber"]),
        ..nothing(System::Salesforce)
    }
}

/// What a business rule posts by RESTMessageV2 has the shape that its author gives it; this is the one that
/// docs/webhooks.md asks for, with the fields named as the table API names them.
fn servicenow() -> ChangeTable {
    ChangeTable {
        known: all([
            "table",
            "sys_id",
            "operation",
            "sys_updated_on",
            "sys_updated_by",
            "sys_mod_count",
            "changed_fields",
            "record",
        ]),
        entity: all(["/table", "/record/sys_class_name"]),
        records: vec![all(["/sys_id"]), all(["/record/sys_id"])],
        change: all(["/operation"]),
        words: words([
            ("insert", CrmChangeType::Create),
            ("update", CrmChangeType::Update),
            ("delete", CrmChangeType::Delete),
            ("undelete", CrmChangeType::Undelete),
        ]),
        changed: all(["/changed_fields"]),
        values: all(["/record"]),
        empty_is_null: true,
        changed_at: all(["/sys_updated_on", "/record/sys_updated_on"]),
        utc: true,
        sequence: all(["/sys_mod_count", "/record/sys_mod_count"]),
        origin: all(["/sys_updated_by", "/record/sys_updated_by"]),
        identity: all(["/table", "/sys_id", "/operation", "/sys_mod_count"]),
        ..nothing(System::ServiceNow)
    }
}

/// Business events of S/4HANA, which Event Mesh posts as CloudEvents 1.0 in structured mode: they name the object and
/// its key, and no field.
fn sap() -> ChangeTable {
    ChangeTable {
        known: all([
            "type",
            "specversion",
            "source",
            "subject",
            "id",
            "time",
            "datacontenttype",
            "dataschema",
            "data",
            "sapinitiatinguser",
            "xsaptenantid",
            "traceparent",
            "tracestate",
        ]),
        entity: all(["/type"]),
        entity_part: EntityPart::BeforeVerb,
        records: vec![
            all(["/data/{entity}"]),
            // The key of a journal entry.
            all(["/data/CompanyCode", "/data/FiscalYear", "/data/AccountingDocument"]),
            all(["/subject"]),
        ],
        change: all(["/type"]),
        words: words([
            ("*.Created.v*", CrmChangeType::Create),
            ("*.Changed.v*", CrmChangeType::Update),
            ("*.Deleted.v*", CrmChangeType::Delete),
        ]),
        changed_at: all(["/time"]),
        origin: all(["/sapinitiatinguser"]),
        identity: all(["/source", "/id"]),
        ..nothing(System::Sap)
    }
}

/// Nothing is read.
fn nothing(system: System) -> ChangeTable {
    ChangeTable {
        system,
        at: vec![String::new()],
        header: String::new(),
        known: Vec::new(),
        entity: Vec::new(),
        entity_part: EntityPart::Whole,
        records: Vec::new(),
        change: Vec::new(),
        words: Vec::new(),
        changed: Vec::new(),
        nulled: Vec::new(),
        values: Vec::new(),
        unions: false,
        empty_is_null: false,
        changed_at: Vec::new(),
        utc: false,
        sequence: Vec::new(),
        origin: Vec::new(),
        own: Vec::new(),
        identity: Vec::new(),
        customer: Vec::new(),
        correlation: Vec::new(),
    }
}

fn all<const N: usize>(pointers: [&str; N]) -> Vec<String> {
    pointers.map(ToOwned::to_owned).into()
}

fn words<const N: usize>(words: [(&str, CrmChangeType); N]) -> Vec<(WordPattern, CrmChangeType)> {
    words.map(|(word, change)| (WordPattern::new(word), change)).into()
}
