//! Tables of records; every value is a string.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use trunkline_load::clock::format;
use trunkline_load::customers::Customer;
use trunkline_load::numbers::{Numbers, Population};

/// A record: field by name.
pub(super) type Record = BTreeMap<String, String>;

/// The tables that there are. A `u_` table, which is the customer's own, comes into being when it is first written.
#[derive(Debug)]
pub(super) struct Tables {
    tables: BTreeMap<String, BTreeMap<String, Record>>,
    inserted: u32,
}

const STANDARD: [&str; 4] = ["incident", "problem", "interaction", "sn_customerservice_case"];
/// Tables that extend another one.
const EXTENDS: [(&str, &str); 3] =
    [("incident", "task"), ("problem", "task"), ("sn_customerservice_case", "task")];
/// Fields that every task has.
const OF_TASKS: [&str; 18] = [
    "sys_id",
    "number",
    "active",
    "state",
    "priority",
    "impact",
    "urgency",
    "short_description",
    "correlation_id",
    "correlation_display",
    "sys_class_name",
    "sys_mod_count",
    "opened_at",
    "closed_at",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
];
/// Fields that name a record of another table.
const REFERENCES: [(&str, &str); 2] = [("caller_id", "sys_user"), ("account", "customer_account")];
/// Fields that only the platform writes.
const READ_ONLY: [&str; 6] =
    ["sys_id", "number", "sys_mod_count", "sys_created_on", "sys_updated_on", "sys_created_by"];

impl Tables {
    /// Every customer as a user and an account, with incidents, which name Salesforce's number of the customer in
    /// `correlation_display`,
    /// and as many cases.
    pub(super) fn with_incidents(customers: Population, now_ms: i64) -> Self {
        let tables = STANDARD.map(|name| (name.to_owned(), BTreeMap::new())).into();
        let mut all = Self { tables, inserted: 0 };
        for (customer, numbers) in customers.all() {
            all.put("sys_user", user(&customer, &numbers));
            all.put("customer_account", account(&customer, &numbers));
            for index in 0..customer.open_tickets + customer.closed_tickets {
                let active = index < customer.open_tickets;
                all.put("incident", incident(&customer, index, active, now_ms));
                all.put("sn_customerservice_case", case(&customer, index, active, now_ms));
            }
        }
        all.note_dictionary();
        all
    }

    /// Describes the tables in tables, as the platform does.
    fn note_dictionary(&mut self) {
        let names: Vec<String> = self.tables.keys().cloned().chain(["task".to_owned()]).collect();
        for name in names {
            let base = EXTENDS.iter().find(|(table, _)| *table == name).map(|(_, base)| *base);
            self.put(
                "sys_db_object",
                record(&[
                    ("sys_id", &id(&format!("table/{name}"))),
                    ("name", &name),
                    ("super_class.name", base.unwrap_or_default()),
                ]),
            );
            let inherited: &[&str] = if base.is_some() { &OF_TASKS } else { &[] };
            let fields: Vec<String> = match name.as_str() {
                "task" => OF_TASKS.map(str::to_owned).to_vec(),
                _ => self.tables[&name]
                    .values()
                    .next()
                    .into_iter()
                    .flat_map(|record| record.keys().cloned())
                    .collect(),
            };
            for field in fields.iter().filter(|field| !inherited.contains(&field.as_str())) {
                let reference =
                    REFERENCES.iter().find(|(from, _)| from == field).map_or("", |(_, table)| table);
                self.put(
                    "sys_dictionary",
                    record(&[
                        ("sys_id", &id(&format!("field/{name}/{field}"))),
                        ("name", &name),
                        ("element", field),
                        ("internal_type", if reference.is_empty() { "string" } else { "reference" }),
                        ("reference", reference),
                    ]),
                );
            }
        }
    }

    /// Whether a table has a field; behind dots one of a referenced table. A table with no record has any.
    pub(super) fn knows(&self, table: &str, path: &str) -> bool {
        let Some(records) = self.tables.get(table) else { return false };
        let Some(first) = records.values().next() else { return true };
        if first.contains_key(path) {
            return true;
        }
        match path.split_once('.') {
            Some((field, rest)) => {
                let referenced = REFERENCES.iter().find(|(from, _)| *from == field).map(|(_, table)| *table);
                first.contains_key(field) && referenced.is_some_and(|table| self.knows(table, rest))
            }
            None => false,
        }
    }

    /// The table that a field is of, with its name there: behind dots that of the referenced table.
    pub(super) fn place<'p>(&self, table: &'p str, path: &'p str) -> (&'p str, &'p str) {
        let referenced =
            |field: &str| REFERENCES.iter().find(|(from, _)| *from == field).map(|(_, table)| *table);
        match path.split_once('.').and_then(|(field, rest)| Some((referenced(field)?, rest))) {
            Some((table, rest)) => self.place(table, rest),
            None => (table, path),
        }
    }

    /// The value of a field; behind dots that of a referenced record.
    pub(super) fn value<'a>(&'a self, record: &'a Record, path: &str) -> &'a str {
        if let Some(value) = record.get(path) {
            return value;
        }
        let Some((field, rest)) = path.split_once('.') else { return "" };
        let referenced = REFERENCES.iter().find(|(from, _)| *from == field).map(|(_, table)| *table);
        let found = referenced.zip(record.get(field)).and_then(|(table, id)| self.get(table, id));
        found.map_or("", |record| self.value(record, rest))
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

/// A name-based id: the same record in every run.
fn id(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string()
}

fn record(fields: &[(&str, &str)]) -> Record {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn user(customer: &Customer, numbers: &Numbers) -> Record {
    record(&[
        ("sys_id", &id(&format!("user/{}", customer.number))),
        ("user_name", &numbers.servicenow),
        ("name", &customer.name),
        ("email", &customer.email),
        ("phone", &customer.phone),
        ("mobile_phone", ""),
        ("employee_number", ""),
        ("active", "true"),
    ])
}

fn account(customer: &Customer, numbers: &Numbers) -> Record {
    record(&[
        ("sys_id", &id(&format!("account/{}", customer.number))),
        ("number", &numbers.servicenow_account),
        ("name", &customer.name),
        ("phone", &customer.phone),
    ])
}

/// An incident of a customer who called.
fn incident(customer: &Customer, index: u32, active: bool, now_ms: i64) -> Record {
    let number = customer.number * 10 + index;
    let mut incident = task(&format!("INC{number:07}"), index, active, now_ms);
    incident.extend(record(&[
        ("sys_id", &id(&format!("incident/{number}"))),
        ("caller_id", &id(&format!("user/{}", customer.number))),
        ("correlation_display", &customer.id),
        ("sys_class_name", "incident"),
        ("incident_state", if active { "2" } else { "7" }),
        ("category", "inquiry"),
    ]));
    incident
}

/// A case of a customer's account.
fn case(customer: &Customer, index: u32, active: bool, now_ms: i64) -> Record {
    let number = customer.number * 10 + index;
    let mut case = task(&format!("CS{number:07}"), index, active, now_ms);
    case.extend(record(&[
        ("sys_id", &id(&format!("case/{number}"))),
        ("account", &id(&format!("account/{}", customer.number))),
        ("sys_class_name", "sn_customerservice_case"),
    ]));
    case
}

fn task(number: &str, index: u32, active: bool, now_ms: i64) -> Record {
    let opened = time(now_ms - 86_400_000 * i64::from(1 + index));
    record(&[
        ("number", number),
        ("active", if active { "true" } else { "false" }),
        ("state", if active { "2" } else { "7" }),
        ("priority", "3"),
        ("impact", "2"),
        ("urgency", "2"),
        ("short_description", "Reported by the customer"),
        ("correlation_id", ""),
        ("correlation_display", ""),
        ("sys_mod_count", "1"),
        ("opened_at", &opened),
        ("sys_created_on", &opened),
        ("sys_updated_on", &opened),
        ("closed_at", if active { "" } else { &opened }),
        ("sys_created_by", "admin"),
        ("sys_updated_by", "admin"),
    ])
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
