//! The organisation's objects and fields: the standard product's, and its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::refusals::Refusal;
use crate::own_fields::OwnField;

/// An object type: its standard fields, which of them a new record needs, and the prefix of its ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectType {
    name: &'static str,
    pub(super) key_prefix: &'static str,
    fields: &'static [&'static str],
    pub(super) required: &'static [&'static str],
}

/// Objects and fields that there are.
#[derive(Debug)]
pub(super) struct Model {
    /// By object.
    own: BTreeMap<String, Vec<String>>,
    /// What the user may not see, `OBJECT` or `OBJECT.FIELD`. What field-level security or the permissions on an object
    /// keep from somebody is to him as if it were not there: no column, no type, nothing of `describe`. (From the
    /// vendor's documentation by memory; the contracts know the codes INVALID_FIELD and NOT_FOUND alone.)
    hidden: BTreeSet<String>,
}

/// Fields of every object that only the platform writes.
const SYSTEM_FIELDS: [&str; 5] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted"];
/// Standard fields that the platform derives.
const DERIVED_FIELDS: [&str; 1] = ["LastActivityDate"];
/// Fields that name a record of another object: the relation's name, and the object.
const RELATIONS: [(&str, &str, &str); 3] =
    [("AccountId", "Account", "Account"), ("ContactId", "Contact", "Contact"), ("OwnerId", "Owner", "User")];

const STANDARD: [ObjectType; 5] = [
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
    ObjectType {
        name: "User",
        key_prefix: "005",
        fields: &["Name", "Username", "Email"],
        required: &["Username"],
    },
];
/// An object of the organisation's own; its name field is optional.
const OWN: ObjectType =
    ObjectType { name: "", key_prefix: "a00", fields: &["Name", "OwnerId"], required: &[] };

// === impl Model ===

impl Model {
    /// The standard product with these fields more.
    pub(super) fn new(own: &[OwnField]) -> Self {
        let mut by_object: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for field in own {
            by_object.entry(field.object.clone()).or_default().push(field.name.clone());
        }
        Self { own: by_object, hidden: BTreeSet::new() }
    }

    pub(super) fn hide(&mut self, hidden: &[String]) {
        self.hidden = hidden.iter().map(|hidden| hidden.to_lowercase()).collect();
    }

    fn hides(&self, object: &str, field: &str) -> bool {
        !self.hidden.is_empty() && self.hidden.contains(&format!("{object}.{field}").to_lowercase())
    }

    pub(super) fn object(&self, name: &str) -> Result<&'static ObjectType, Refusal> {
        if self.hidden.contains(&name.to_lowercase()) {
            return Err(Refusal::UnknownObject);
        }
        let standard = STANDARD.iter().find(|object_type| object_type.name == name);
        standard.or_else(|| self.own.contains_key(name).then_some(&OWN)).ok_or(Refusal::UnknownObject)
    }

    /// The names of an object's fields; none of an object that is not there.
    fn fields(&self, object: &str) -> Vec<&str> {
        let Ok(object_type) = self.object(object) else { return Vec::new() };
        let own = self.own.get(object).into_iter().flatten().map(String::as_str);
        let all = SYSTEM_FIELDS.into_iter().chain(object_type.fields.iter().copied()).chain(own);
        all.filter(|field| !self.hides(object, field)).collect()
    }

    pub(super) fn has_field(&self, object: &str, field: &str) -> bool {
        self.fields(object).iter().any(|known| known.eq_ignore_ascii_case(field))
    }

    /// The field behind a relation, and the object that it leads to.
    pub(super) fn relation(&self, object: &str, name: &str) -> Option<(&'static str, &'static str)> {
        let (field, _, target) =
            RELATIONS.into_iter().find(|(_, relation, _)| relation.eq_ignore_ascii_case(name))?;
        self.has_field(object, field).then_some((field, target))
    }

    /// Whether a field is there, behind relations or not.
    pub(super) fn check_path(&self, object: &str, path: &str) -> Result<(), Refusal> {
        let unknown = |object: &str, field: &str| Refusal::UnknownColumn {
            object: object.to_owned(),
            field: field.to_owned(),
        };
        let (mut object, mut rest) = (object, path);
        while let Some((relation, further)) = rest.split_once('.') {
            let (_, target) = self.relation(object, relation).ok_or_else(|| unknown(object, relation))?;
            (object, rest) = (target, further);
        }
        self.has_field(object, rest).then_some(()).ok_or_else(|| unknown(object, rest))
    }

    pub(super) fn check_writable(&self, object: &str, fields: &Map<String, Value>) -> Result<(), Refusal> {
        for field in fields.keys() {
            if !self.has_field(object, field) {
                return Err(Refusal::UnknownField { object: object.to_owned(), field: field.clone() });
            }
            if SYSTEM_FIELDS.iter().chain(&DERIVED_FIELDS).any(|name| name.eq_ignore_ascii_case(field)) {
                return Err(Refusal::ReadOnly { field: field.clone() });
            }
        }
        Ok(())
    }

    /// What `describe` says of an object.
    pub(super) fn describe(&self, object: &str) -> Result<Value, Refusal> {
        let object_type = self.object(object)?;
        let field = |name: &str| {
            let relation = RELATIONS.iter().find(|(field, _, _)| *field == name);
            json!({
                "name": name, "label": name, "type": kind(name), "custom": name.ends_with("__c"),
                "externalId": name.ends_with("__c"), "nillable": !object_type.required.contains(&name),
                "relationshipName": relation.map(|(_, relation, _)| relation),
                "referenceTo": relation.map(|(_, _, target)| vec![target]).unwrap_or_default(),
            })
        };
        let fields: Vec<Value> = self.fields(object).into_iter().map(field).collect();
        Ok(json!({
            "name": object, "label": object, "custom": object.ends_with("__c"), "queryable": true,
            "keyPrefix": object_type.key_prefix, "fields": fields,
        }))
    }
}

/// The type of a field, which its name tells.
fn kind(name: &str) -> &'static str {
    match name {
        "Id" => "id",
        "IsDeleted" => "boolean",
        "LastActivityDate" | "ActivityDate" => "date",
        "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => "datetime",
        "Phone" | "MobilePhone" | "SuppliedPhone" => "phone",
        "Email" | "Email__c" => "email",
        "CallDurationInSeconds" => "int",
        name if name.ends_with("Id") => "reference",
        _ => "string",
    }
}
