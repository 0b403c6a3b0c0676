//! Where each system's changes stand, as its relays post them.

use trunkline_systems::System;

use super::{ChangeTable, CrmChangeType, EntityPart};
use crate::event_table::WordPattern;
use crate::source_kind::SourceKind;
use crate::values::owned;

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
        at: owned(&["/payload", "/data/payload", "/detail/payload", ""]),
        header: "/ChangeEventHeader".to_owned(),
        known: owned(&[
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
        entity: owned(&["/ChangeEventHeader/entityName"]),
        records: vec![owned(&["/ChangeEventHeader/recordIds"])],
        change: owned(&["/ChangeEventHeader/changeType"]),
        words: words([
            ("CREATE", CrmChangeType::Create),
            ("UPDATE", CrmChangeType::Update),
            ("DELETE", CrmChangeType::Delete),
            ("UNDELETE", CrmChangeType::Undelete),
            ("GAP_OVERFLOW", CrmChangeType::Overflow),
            ("GAP_*", CrmChangeType::Gap),
        ]),
        changed: owned(&["/ChangeEventHeader/changedFields"]),
        nulled: owned(&["/ChangeEventHeader/nulledFields"]),
        values: owned(&[""]),
        unions: true,
        changed_at: owned(&["/ChangeEventHeader/commitTimestamp"]),
        sequence: owned(&["/ChangeEventHeader/commitNumber"]),
        origin: owned(&["/ChangeEventHeader/changeOrigin"]),
        own: vec![WordPattern::new("*;client=trunkline"), WordPattern::new("*;client=trunkline/*")],
        identity: owned(&["/ChangeEventHeader/transactionKey", "/ChangeEventHeader/sequenceNumber"]),
        ..nothing(System::Salesforce)
    }
}

/// What a business rule posts by RESTMessageV2 has the shape that its author gives it; this is the one that
/// docs/webhooks.md asks for, with the fields named as the table API names them.
fn servicenow() -> ChangeTable {
    ChangeTable {
        known: owned(&[
            "table",
            "sys_id",
            "operation",
            "sys_updated_on",
            "sys_updated_by",
            "sys_mod_count",
            "changed_fields",
            "record",
        ]),
        entity: owned(&["/table", "/record/sys_class_name"]),
        records: vec![owned(&["/sys_id"]), owned(&["/record/sys_id"])],
        change: owned(&["/operation"]),
        words: words([
            ("insert", CrmChangeType::Create),
            ("update", CrmChangeType::Update),
            ("delete", CrmChangeType::Delete),
            ("undelete", CrmChangeType::Undelete),
        ]),
        changed: owned(&["/changed_fields"]),
        values: owned(&["/record"]),
        empty_is_null: true,
        changed_at: owned(&["/sys_updated_on", "/record/sys_updated_on"]),
        utc: true,
        sequence: owned(&["/sys_mod_count", "/record/sys_mod_count"]),
        origin: owned(&["/sys_updated_by", "/record/sys_updated_by"]),
        identity: owned(&["/table", "/sys_id", "/operation", "/sys_mod_count"]),
        ..nothing(System::ServiceNow)
    }
}

/// Business events of S/4HANA, which Event Mesh posts as CloudEvents 1.0 in structured mode: they name the object and
/// its key, and no field.
fn sap() -> ChangeTable {
    ChangeTable {
        known: owned(&[
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
        entity: owned(&["/type"]),
        entity_part: EntityPart::BeforeVerb,
        records: vec![
            owned(&["/data/{entity}"]),
            // The key of a journal entry.
            owned(&["/data/CompanyCode", "/data/FiscalYear", "/data/AccountingDocument"]),
            owned(&["/subject"]),
        ],
        change: owned(&["/type"]),
        words: words([
            ("*.Created.v*", CrmChangeType::Create),
            ("*.Changed.v*", CrmChangeType::Update),
            ("*.Deleted.v*", CrmChangeType::Delete),
        ]),
        changed_at: owned(&["/time"]),
        origin: owned(&["/sapinitiatinguser"]),
        identity: owned(&["/source", "/id"]),
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

fn words<const N: usize>(words: [(&str, CrmChangeType); N]) -> Vec<(WordPattern, CrmChangeType)> {
    words.map(|(word, change)| (WordPattern::new(word), change)).into()
}
