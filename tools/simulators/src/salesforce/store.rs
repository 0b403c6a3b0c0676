//! The organisation's records, and the rules they keep.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::model::Model;
use super::refusals::Refusal;
use super::soql::Query;
use crate::own_fields::{Fact, OwnField};
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

/// External ids that the organisation declared unique, by object; of the others a value may occur twice. A customer has
/// one account and many conversations.
const UNIQUE_FIELDS: [(&str, &str); 1] = [("Account", "CustomerNumber__c")];

/// All records, by object and then in the order of creation.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) model: Model,
    objects: HashMap<String, Vec<Record>>,
    inserted: u64,
}

impl Store {
    /// The customers as accounts, each with a contact, and as records of the organisation's own objects that keep facts
    /// of them; and two accounts that share a `LegacyNumber__c`, as they do after a merger.
    pub(super) fn with_accounts(own: &[OwnField], customers: u32, now_ms: i64) -> Self {
        let mut store = Self { model: Model::new(own), objects: HashMap::new(), inserted: 0 };
        let before = now_ms - 86_400_000;
        let kept_in: BTreeSet<&str> =
            own.iter().filter(|field| field.fact.is_some()).map(|field| field.object.as_str()).collect();
        for customer in (1..=customers).map(Customer::of) {
            let with_own = |object: &str, mut fields: BTreeMap<String, Value>| {
                let kept = |field: &OwnField| field.fact.and_then(|fact| fact.of(&customer, now_ms));
                let of_object = own.iter().filter(|field| field.object == object && field.fact.is_some());
                fields.extend(of_object.map(|field| (field.name.clone(), json!(kept(field)))));
                fields
            };
            let account = store.put("Account", with_own("Account", account(&customer, now_ms)), before);
            store.put("Contact", with_own("Contact", contact(&customer, &account)), before);
            for object in kept_in.iter().filter(|object| !["Account", "Contact"].contains(object)) {
                store.put(object, with_own(object, owned([("Name", json!(customer.name))])), before);
            }
        }
        if !store.model.has_field("Account", "LegacyNumber__c") {
            return store;
        }
        for name in ["Merged Holdings (east)", "Merged Holdings (west)"] {
            let fields = [("Name", json!(name)), ("LegacyNumber__c", json!("L-1"))];
            store.put("Account", owned(fields), now_ms - 86_400_000);
        }
        store
    }

    /// The records whose field has this value; ids and external ids only.
    pub(super) fn find(&self, object: &str, field: &str, value: &str) -> Result<Vec<&Record>, Refusal> {
        self.model.object(object)?;
        if field != "Id" && !(field.ends_with("__c") && self.model.has_field(object, field)) {
            return Err(Refusal::NoExternalId { field: field.to_owned() });
        }
        let records = self.objects.get(object).map(Vec::as_slice).unwrap_or_default();
        Ok(records.iter().filter(|record| record.has(field, value)).collect())
    }

    /// The records that a query selects, with the fields of related records that it names.
    pub(super) fn query(&self, query: &Query) -> Result<Vec<Record>, Refusal> {
        self.model
            .object(&query.object)
            .map_err(|_| Refusal::UnknownType { object: query.object.clone() })?;
        let named: Vec<&str> =
            query.fields.iter().map(String::as_str).chain(query.condition_fields()).collect();
        for field in &named {
            self.model.check_path(&query.object, field)?;
        }
        let records = self.objects.get(&query.object).map(Vec::as_slice).unwrap_or_default();
        let related: Vec<&str> = named.into_iter().filter(|field| field.contains('.')).collect();
        if related.is_empty() {
            return Ok(query.select(records).into_iter().cloned().collect());
        }
        let joined: Vec<Record> =
            records.iter().map(|record| self.joined(&query.object, record, &related)).collect();
        Ok(query.select(&joined).into_iter().cloned().collect())
    }

    /// The record with fields of related records, under the names that a query calls them by.
    fn joined(&self, object: &str, record: &Record, related: &[&str]) -> Record {
        let mut joined = record.clone();
        for path in related {
            let mut at = Some((object.to_owned(), record));
            let (relations, field) = path.rsplit_once('.').unwrap_or(("", path));
            for relation in relations.split('.') {
                at = at.and_then(|(object, record)| {
                    let (field, target) = self.model.relation(&object, relation)?;
                    let id = record.value(field)?.as_str()?;
                    let found = self.objects.get(target)?.iter().find(|candidate| candidate.id() == id)?;
                    Some((target.to_owned(), found))
                });
            }
            let value = at.and_then(|(_, record)| record.value(field).cloned()).unwrap_or(Value::Null);
            joined.fields.insert((*path).to_owned(), value);
        }
        joined
    }

    /// A new record's id.
    pub(super) fn insert(
        &mut self,
        object: &str,
        fields: Map<String, Value>,
        now_ms: i64,
    ) -> Result<String, Refusal> {
        let object_type = self.model.object(object)?;
        self.model.check_writable(object, &fields)?;
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
        self.model.object(object)?;
        self.model.check_writable(object, &fields)?;
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
        let prefix = self.model.object(object).map_or("a00", |object_type| object_type.key_prefix);
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

fn account(customer: &Customer, now_ms: i64) -> BTreeMap<String, Value> {
    owned([
        ("Name", json!(customer.name)),
        ("AccountNumber", json!(customer.id)),
        ("LastActivityDate", json!(Fact::LastActivity.of(customer, now_ms))),
        ("Phone", json!(customer.phone)),
        ("Type", json!("Customer")),
    ])
}

fn contact(customer: &Customer, account: &str) -> BTreeMap<String, Value> {
    owned([
        ("LastName", json!(format!("{} (office)", customer.name))),
        ("Email", json!(customer.email)),
        ("Phone", json!(customer.phone)),
        ("AccountId", json!(account)),
    ])
}

fn owned<const N: usize>(fields: [(&str, Value); N]) -> BTreeMap<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `2026-11-21T15:04:05.000+0000`: the offset has no colon.
fn date_time(epoch_ms: i64) -> String {
    format(epoch_ms, "%Y-%m-%dT%H:%M:%S%.3f+0000")
}
