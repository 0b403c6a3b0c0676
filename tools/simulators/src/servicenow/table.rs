//! Tables of records; every value is a string.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use trunkline_load::clock::format;
use trunkline_load::customers::Customer;

/// A record: field by name.
pub(super) type Record = BTreeMap<String, String>;

/// The tables that there are. A `u_` table, which is the customer's own, comes into being when it is first written.
#[derive(Debug)]
pub(super) struct Tables {
    tables: BTreeMap<String, BTreeMap<String, Record>>,
    inserted: u32,
}

const STANDARD: [&str; 4] = ["incident", "problem", "interaction", "sn_customerservice_case"];
/// Fields that only the platform writes.
const READ_ONLY: [&str; 6] =
    ["sys_id", "number", "sys_mod_count", "sys_created_on", "sys_updated_on", "sys_created_by"];

impl Tables {
    /// Every customer's incidents, linked to the customer by `correlation_display`.
    pub(super) fn with_incidents(customers: u32, now_ms: i64) -> Self {
        let tables = STANDARD.map(|name| (name.to_owned(), BTreeMap::new())).into();
        let mut all = Self { tables, inserted: 0 };
        for customer in (1..=customers).map(Customer::of) {
            for index in 0..customer.open_tickets + customer.closed_tickets {
                let active = index < customer.open_tickets;
                let record = incident(&customer, index, active, now_ms);
                all.put("incident", record);
            }
        }
        all
    }

    /// All records of a table; `None` when there is no such table.
    pub(super) fn all(&self, table: &str) -> Option<impl Iterator<Item = &Record>> {
        self.tables.get(table).map(|records| records.values())
    }

    pub(super) fn get(&self, table: &str, id: &str) -> Option<&Record> {
        self.tables.get(table)?.get(id)
    }

    pub(super) fn remove(&mut self, table: &str, id: &str) -> bool {
        self.tables.get_mut(table).is_some_and(|records| records.remove(id).is_some())
    }

    /// A new record with these fields; `None` when there is no such table.
    pub(super) fn insert(
        &mut self,
        table: &str,
        fields: Map<String, Value>,
        user: &str,
        now_ms: i64,
    ) -> Option<&Record> {
        if !table.starts_with("u_") && !self.tables.contains_key(table) {
            return None;
        }
        self.inserted += 1;
        let mut record =
            Record::from([("active".to_owned(), "true".to_owned()), ("state".to_owned(), "1".to_owned())]);
        record.extend(fields.into_iter().filter(|(name, _)| !READ_ONLY.contains(&name.as_str())).map(plain));
        let id = Uuid::new_v4().simple().to_string();
        let now = time(now_ms);
        for (name, value) in [
            ("sys_id", id.as_str()),
            ("number", &format!("INC{:07}", 10_000 + self.inserted)),
            ("sys_mod_count", "0"),
            ("sys_created_on", &now),
            ("sys_updated_on", &now),
            ("sys_created_by", user),
            ("sys_updated_by", user),
        ] {
            record.insert(name.to_owned(), value.to_owned());
        }
        self.put(table, record);
        self.get(table, &id)
    }

    /// Changes fields; the record, and whether a value is another one now. Only then does `sys_mod_count` move.
    pub(super) fn update(
        &mut self,
        table: &str,
        id: &str,
        fields: Map<String, Value>,
        user: &str,
        now_ms: i64,
    ) -> Option<(&Record, bool)> {
        let record = self.tables.get_mut(table)?.get_mut(id)?;
        let mut changed = false;
        for (name, value) in
            fields.into_iter().filter(|(name, _)| !READ_ONLY.contains(&name.as_str())).map(plain)
        {
            changed |= record.insert(name, value.clone()) != Some(value);
        }
        if changed {
            let count: u64 = record.get("sys_mod_count").and_then(|count| count.parse().ok()).unwrap_or(0);
            record.insert("sys_mod_count".to_owned(), (count + 1).to_string());
            record.insert("sys_updated_on".to_owned(), time(now_ms));
            record.insert("sys_updated_by".to_owned(), user.to_owned());
        }
        Some((record, changed))
    }

    fn put(&mut self, table: &str, record: Record) {
        let id = record.get("sys_id").cloned().unwrap_or_default();
        self.tables.entry(table.to_owned()).or_default().insert(id, record);
    }
}

fn incident(customer: &Customer, index: u32, active: bool, now_ms: i64) -> Record {
    let opened = time(now_ms - 86_400_000 * i64::from(1 + index));
    let number = customer.number * 10 + index;
    // A name-based id: the same record in every run.
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("incident/{number}").as_bytes()).simple().to_string();
    let fields = [
        ("sys_id", id.as_str()),
        ("number", &format!("INC{number:07}")),
        ("active", if active { "true" } else { "false" }),
        ("state", if active { "2" } else { "7" }),
        ("incident_state", if active { "2" } else { "7" }),
        ("priority", "3"),
        ("impact", "2"),
        ("urgency", "2"),
        ("category", "inquiry"),
        ("short_description", "Reported by the customer"),
        ("correlation_id", ""),
        ("correlation_display", &customer.id),
        ("sys_class_name", "incident"),
        ("sys_mod_count", "1"),
        ("opened_at", &opened),
        ("sys_created_on", &opened),
        ("sys_updated_on", &opened),
        ("closed_at", if active { "" } else { &opened }),
        ("sys_created_by", "admin"),
        ("sys_updated_by", "admin"),
    ];
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The platform's time: UTC, without saying so.
fn time(epoch_ms: i64) -> String {
    format(epoch_ms, "%Y-%m-%d %H:%M:%S")
}

/// Whatever is written is stored as text.
fn plain((name, value): (String, Value)) -> (String, String) {
    let text = match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    (name, text)
}
