//! The organisation's records, and the rules they keep.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::soql::Query;
use trunkline_load::clock::format;
use trunkline_load::customers::Customer;

/// One record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) modified_ms: i64,
}

/// What a write came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    Created {
        id: String,
    },
    Updated {
        /// True when a value is another one now.
        changed: bool,
    },
    /// Several records have that external id.
    Ambiguous {
        ids: Vec<String>,
    },
}

/// Why a request cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownObject,
    NotFound { field: String, value: String },
    NoExternalId { field: String },
    UnknownField { object: String, field: String },
    ReadOnly { field: String },
    Required { fields: Vec<String> },
    Duplicate { field: String, id: String },
}

/// An object type: its standard fields, which of them a new record needs, and the prefix of its ids.
struct ObjectType {
    name: &'static str,
    key_prefix: &'static str,
    fields: &'static [&'static str],
    required: &'static [&'static str],
}

/// Fields of every object that only the platform writes.
const SYSTEM_FIELDS: [&str; 5] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted"];
/// Standard fields that the platform derives.
const DERIVED_FIELDS: [&str; 1] = ["LastActivityDate"];
/// External ids that the organisation declared unique, by object; of the others a value may occur twice. A customer has
/// one account and many conversations.
const UNIQUE_FIELDS: [(&str, &str); 1] = [("Account", "CustomerNumber__c")];

const OBJECT_TYPES: [ObjectType; 4] = [
    ObjectType {
        name: "Account",
        key_prefix: "001",
        fields: &[
            "Name",
            "Phone",
            "Website",
            "Description",
            "Industry",
            "Rating",
            "Type",
            "AccountNumber",
            "OwnerId",
            "BillingCity",
            "BillingCountry",
            "LastActivityDate",
        ],
        required: &["Name"],
    },
    ObjectType {
        name: "Contact",
        key_prefix: "003",
        fields: &[
            "FirstName",
            "LastName",
            "Email",
            "Phone",
            "MobilePhone",
            "AccountId",
            "OwnerId",
            "Description",
            "LastActivityDate",
        ],
        required: &["LastName"],
    },
    ObjectType {
        name: "Task",
        key_prefix: "00T",
        fields: &[
            "Subject",
            "Description",
            "Status",
            "Priority",
            "ActivityDate",
            "WhatId",
            "WhoId",
            "OwnerId",
            "Type",
            "TaskSubtype",
            "CallType",
            "CallObject",
            "CallDisposition",
            "CallDurationInSeconds",
        ],
        required: &[],
    },
    ObjectType {
        name: "Case",
        key_prefix: "500",
        fields: &[
            "Subject",
            "Description",
            "Status",
            "Priority",
            "Origin",
            "Reason",
            "Type",
            "AccountId",
            "ContactId",
            "OwnerId",
            "SuppliedName",
            "SuppliedPhone",
        ],
        required: &[],
    },
];
/// Every custom object (`…__c`) is there; its name field is optional.
const CUSTOM: ObjectType =
    ObjectType { name: "", key_prefix: "a00", fields: &["Name", "OwnerId"], required: &[] };

/// All records, by object and then in the order of creation.
#[derive(Debug, Default)]
pub(super) struct Store {
    objects: HashMap<String, Vec<Record>>,
    inserted: u64,
}

impl Store {
    /// The customers as accounts, and two accounts that share a `LegacyNumber__c`, as they do after a merger.
    pub(super) fn with_accounts(customers: u32, now_ms: i64) -> Self {
        let mut store = Self::default();
        for customer in (1..=customers).map(Customer::of) {
            store.put("Account", account(&customer, now_ms), now_ms - 86_400_000);
        }
        for name in ["Merged Holdings (east)", "Merged Holdings (west)"] {
            let fields = [("Name", json!(name)), ("LegacyNumber__c", json!("L-1"))];
            store.put("Account", owned(fields), now_ms - 86_400_000);
        }
        store
    }

    /// The records whose field has this value; ids and external ids only.
    pub(super) fn find(&self, object: &str, field: &str, value: &str) -> Result<Vec<&Record>, Refusal> {
        object_type(object)?;
        if field != "Id" && !field.ends_with("__c") {
            return Err(Refusal::NoExternalId { field: field.to_owned() });
        }
        let records = self.objects.get(object).map(Vec::as_slice).unwrap_or_default();
        Ok(records.iter().filter(|record| record.has(field, value)).collect())
    }

    pub(super) fn query(&self, query: &Query) -> Result<Vec<&Record>, Refusal> {
        let object_type = object_type(&query.object)?;
        for field in query.fields.iter().map(String::as_str).chain(query.condition_fields()) {
            object_type.check(&query.object, field)?;
        }
        let records = self.objects.get(&query.object).map(Vec::as_slice).unwrap_or_default();
        Ok(query.select(records))
    }

    /// A new record's id.
    pub(super) fn insert(
        &mut self,
        object: &str,
        fields: Map<String, Value>,
        now_ms: i64,
    ) -> Result<String, Refusal> {
        let object_type = object_type(object)?;
        object_type.check_writable(object, &fields)?;
        let missing = |name: &&&str| fields.get(**name).is_none_or(|value| value.is_null() || value == "");
        let missing: Vec<String> =
            object_type.required.iter().filter(missing).map(|name| (*name).to_owned()).collect();
        if !missing.is_empty() {
            return Err(Refusal::Required { fields: missing });
        }
        self.check_unique(object, &fields, None)?;
        Ok(self.put(object, fields.into_iter().collect(), now_ms))
    }

    /// Updates the record with that id or external id; without one, creates it, but never for an `Id`.
    pub(super) fn upsert(
        &mut self,
        object: &str,
        field: &str,
        value: &str,
        mut fields: Map<String, Value>,
        now_ms: i64,
    ) -> Result<Written, Refusal> {
        let ids: Vec<String> =
            self.find(object, field, value)?.iter().map(|record| record.id().to_owned()).collect();
        match ids.as_slice() {
            [] if field == "Id" => {
                Err(Refusal::NotFound { field: field.to_owned(), value: value.to_owned() })
            }
            [] => {
                fields.insert(field.to_owned(), json!(value));
                self.insert(object, fields, now_ms).map(|id| Written::Created { id })
            }
            [id] => self.update(object, id, fields, now_ms).map(|changed| Written::Updated { changed }),
            _ => Ok(Written::Ambiguous { ids }),
        }
    }

    pub(super) fn delete(&mut self, object: &str, id: &str) -> Result<(), Refusal> {
        self.find(object, "Id", id)?;
        let records = self.objects.entry(object.to_owned()).or_default();
        let before = records.len();
        records.retain(|record| record.id() != id);
        match records.len() < before {
            true => Ok(()),
            false => Err(Refusal::NotFound { field: "Id".to_owned(), value: id.to_owned() }),
        }
    }

    fn update(
        &mut self,
        object: &str,
        id: &str,
        fields: Map<String, Value>,
        now_ms: i64,
    ) -> Result<bool, Refusal> {
        object_type(object)?.check_writable(object, &fields)?;
        self.check_unique(object, &fields, Some(id))?;
        let records = self.objects.entry(object.to_owned()).or_default();
        let Some(record) = records.iter_mut().find(|record| record.id() == id) else { return Ok(false) };
        let mut changed = false;
        for (name, value) in fields {
            let before = record.fields.insert(name, value.clone());
            changed |= before.unwrap_or(Value::Null) != value;
        }
        if changed {
            record.touch(now_ms);
        }
        Ok(changed)
    }

    fn check_unique(
        &self,
        object: &str,
        fields: &Map<String, Value>,
        except: Option<&str>,
    ) -> Result<(), Refusal> {
        for (_, field) in UNIQUE_FIELDS.into_iter().filter(|(of, _)| *of == object) {
            let Some(value) = fields.get(field).and_then(Value::as_str) else { continue };
            let records = self.objects.get(object).map(Vec::as_slice).unwrap_or_default();
            let other = records.iter().find(|record| record.has(field, value) && Some(record.id()) != except);
            if let Some(other) = other {
                return Err(Refusal::Duplicate { field: field.to_owned(), id: other.id().to_owned() });
            }
        }
        Ok(())
    }

    fn put(&mut self, object: &str, mut fields: BTreeMap<String, Value>, now_ms: i64) -> String {
        self.inserted += 1;
        let prefix = object_type(object).map_or("a00", |object_type| object_type.key_prefix);
        let id = format!("{prefix}5g00000{:05}AAA", self.inserted);
        fields.insert("Id".into(), json!(id));
        fields.insert("IsDeleted".into(), json!(false));
        fields.insert("CreatedDate".into(), json!(date_time(now_ms)));
        let mut record = Record { fields, modified_ms: now_ms };
        record.touch(now_ms);
        self.objects.entry(object.to_owned()).or_default().push(record);
        id
    }
}

impl Record {
    pub(super) fn id(&self) -> &str {
        self.fields.get("Id").and_then(Value::as_str).unwrap_or_default()
    }

    /// A field's value; names are found in any case.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).or_else(|| {
            self.fields
                .iter()
                .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        })
    }

    /// The entity tag that accounts have.
    pub(super) fn etag(&self) -> String {
        let digest = Sha256::digest(serde_json::to_vec(&self.fields).unwrap_or_default());
        format!("\"{}\"", STANDARD.encode(&digest[..20]))
    }

    /// Ids are compared to 15 characters, as their case-sensitive form is; external ids in any case.
    fn has(&self, field: &str, value: &str) -> bool {
        let Some(stored) = self.value(field).and_then(Value::as_str) else { return false };
        match field {
            "Id" => stored == value || (value.len() == 15 && stored.starts_with(value)),
            _ => stored.eq_ignore_ascii_case(value),
        }
    }

    fn touch(&mut self, now_ms: i64) {
        self.modified_ms = now_ms;
        self.fields.insert("LastModifiedDate".into(), json!(date_time(now_ms)));
        self.fields.insert("SystemModstamp".into(), json!(date_time(now_ms)));
    }
}

impl ObjectType {
    fn check(&self, object: &str, field: &str) -> Result<(), Refusal> {
        let known = field.ends_with("__c")
            || self
                .fields
                .iter()
                .chain(&SYSTEM_FIELDS)
                .any(|candidate| candidate.eq_ignore_ascii_case(field));
        known
            .then_some(())
            .ok_or_else(|| Refusal::UnknownField { object: object.to_owned(), field: field.to_owned() })
    }

    fn check_writable(&self, object: &str, fields: &Map<String, Value>) -> Result<(), Refusal> {
        for field in fields.keys() {
            self.check(object, field)?;
            if SYSTEM_FIELDS.iter().chain(&DERIVED_FIELDS).any(|name| name.eq_ignore_ascii_case(field)) {
                return Err(Refusal::ReadOnly { field: field.clone() });
            }
        }
        Ok(())
    }
}

fn object_type(name: &str) -> Result<&'static ObjectType, Refusal> {
    let standard = OBJECT_TYPES.iter().find(|object_type| object_type.name == name);
    standard.or_else(|| name.ends_with("__c").then_some(&CUSTOM)).ok_or(Refusal::UnknownObject)
}

fn account(customer: &Customer, now_ms: i64) -> BTreeMap<String, Value> {
    let active =
        customer.last_activity_days.map(|days| format(now_ms - i64::from(days) * 86_400_000, "%Y-%m-%d"));
    owned([
        ("Name", json!(customer.name)),
        ("CustomerNumber__c", json!(customer.id)),
        ("LoyaltyTier__c", json!(customer.tier)),
        ("LastActivityDate", json!(active)),
        ("Phone", json!(customer.phone)),
        ("Type", json!("Customer")),
    ])
}

fn owned<const N: usize>(fields: [(&str, Value); N]) -> BTreeMap<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `2026-11-21T15:04:05.000+0000`: the offset has no colon.
fn date_time(epoch_ms: i64) -> String {
    format(epoch_ms, "%Y-%m-%dT%H:%M:%S%.3f+0000")
}
