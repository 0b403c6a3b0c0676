//! `[targets.NAME.profile]`: where a target keeps customers, and what is read of them.

use std::collections::BTreeMap;

use trunkline_systems::{ProfileField, QueryLanguage, StandardProfile, StandardRelated, System};

use crate::query_names::{field, filter, object, search_field};
use crate::section::Section;
use crate::values::{boolean, list};

/// Where a target keeps customers, and what is read of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileMapping {
    /// The language in which the system is asked.
    pub language: QueryLanguage,
    /// The record of a customer.
    pub record: RecordMapping,
    /// What belongs to a customer and is counted or summed; `None` where nothing is.
    pub related: Option<RelatedMapping>,
}

/// The record of a customer: one of an object's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordMapping {
    /// The object: an sObject (`Account`), an entity set with its service (`SERVICE/SET`, or a path that begins with
    /// `/`), a table (`sys_user`).
    pub object: String,
    /// Its field with the record's own id; the vendor says which, but for entity sets of OData.
    pub id: String,
    /// Its field with the customer's number.
    pub key: String,
    /// Its fields with phone numbers, by which a customer may be searched.
    pub phone: Vec<String>,
    /// Its fields with e-mail addresses, by which a customer may be searched.
    pub email: Vec<String>,
    /// What is read of it, and from which field.
    pub fields: BTreeMap<ProfileField, String>,
    /// Which records count, in the system's own language; by default all do.
    pub filter: Option<String>,
}

/// Records that belong to a customer: open items, open tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedMapping {
    /// The object that they are records of.
    pub object: String,
    /// Its field with the customer's number.
    pub key: String,
    /// Which records count, in the system's own language; by default all do.
    pub filter: Option<String>,
    /// What is summed; `None` where records are counted.
    pub money: Option<MoneyMapping>,
}

/// The fields with an amount and its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyMapping {
    /// The amount.
    pub amount: String,
    /// The ISO 4217 code of its currency.
    pub currency: String,
}

// === impl ProfileMapping ===

impl ProfileMapping {
    /// The objects and fields of the vendor's standard product; `None` where the system does not know customers.
    pub fn standard(system: System) -> Option<Self> {
        let standard = system.capabilities().standard_profile?;
        Some(Self {
            language: standard.language,
            record: RecordMapping {
                object: standard.object.to_owned(),
                id: standard.id.to_owned(),
                key: standard.key.to_owned(),
                phone: owned(standard.phone),
                email: owned(standard.email),
                fields: standard.fields.iter().map(|(name, field)| (*name, (*field).to_owned())).collect(),
                filter: None,
            },
            related: standard.related.as_ref().map(RelatedMapping::standard),
        })
    }

    /// Reads the section of a target of this system; where there is none, the standard product's objects are asked.
    pub(crate) fn read(target: &Section<'_>, system: Option<System>) -> Option<Self> {
        let Some(system) = system else {
            target.table("profile", Section::allow_any_field);
            return None;
        };
        let Some(standard) = system.capabilities().standard_profile else {
            target.table("profile", Section::allow_any_field);
            if target.has("profile") {
                target.refuse("profile", &format!("system '{system}' has no customer profiles to read"));
            }
            return None;
        };
        match target.table_if_there("profile", |section| Self::configured(section, standard)) {
            Some(configured) => configured,
            None => Self::standard(system),
        }
    }

    fn configured(section: &Section<'_>, standard: &StandardProfile) -> Option<Self> {
        let record = RecordMapping::read(section, standard);
        let related = standard.related.as_ref().and_then(|related| {
            // `items = false`: nothing is summed. A table says what is.
            let wanted = section.is_table(related.name) || section.or(related.name, boolean, true);
            wanted.then(|| RelatedMapping::read(section, related, standard.language))
        });
        let record = record?;
        let related = match related {
            Some(related) => Some(related?),
            None => None,
        };
        if record.fields.is_empty() && related.is_none() {
            section.refuse("fields", "nothing is read of a customer; name at least one field");
        }
        Some(Self { language: standard.language, record, related })
    }
}

// === impl RecordMapping ===

impl RecordMapping {
    fn read(section: &Section<'_>, standard: &StandardProfile) -> Option<Self> {
        let language = standard.language;
        let object = section.or("object", object(language), standard.object.to_owned());
        // Fields of the standard object say nothing about another one.
        let is_standard = object == standard.object;
        let or_required = |name: &'static str, default: &str| match is_standard {
            true => Some(section.or(name, field(language), default.to_owned())),
            false => section.required(name, field(language)),
        };
        let key = or_required("key", standard.key);
        let id = match language {
            QueryLanguage::OData => or_required("id", standard.id),
            QueryLanguage::Soql | QueryLanguage::Encoded => Some(standard.id.to_owned()),
        };
        let search = |name: &'static str, default: &[&str]| {
            let default = if is_standard { owned(default) } else { Vec::new() };
            section.or(name, list(0, search_field(language)), default)
        };
        let (phone, email) = (search("phone", standard.phone), search("email", standard.email));
        let fields = match standard.readable {
            [] => BTreeMap::new(),
            readable if section.has("fields") || !is_standard => {
                if !section.has("fields") && !standard.fields.is_empty() {
                    section.refuse("object", "another object than the standard one needs a table 'fields'");
                }
                section.table("fields", |fields| {
                    let read =
                        |name: &ProfileField| Some((*name, fields.optional(name.as_str(), field(language))?));
                    readable.iter().filter_map(read).collect()
                })
            }
            _ => standard.fields.iter().map(|(name, field)| (*name, (*field).to_owned())).collect(),
        };
        let filter = section.optional("filter", filter(language));
        Some(Self { object, id: id?, key: key?, phone, email, fields, filter })
    }
}

// === impl RelatedMapping ===

impl RelatedMapping {
    fn standard(standard: &StandardRelated) -> Self {
        let money = |(amount, currency): (&str, &str)| MoneyMapping {
            amount: amount.to_owned(),
            currency: currency.to_owned(),
        };
        Self {
            object: standard.object.to_owned(),
            key: standard.key.to_owned(),
            filter: Some(standard.filter.to_owned()),
            money: standard.money.map(money),
        }
    }

    fn read(section: &Section<'_>, standard: &StandardRelated, language: QueryLanguage) -> Option<Self> {
        section.table(standard.name, |section| {
            let object = section.or("object", object(language), standard.object.to_owned());
            let is_standard = object == standard.object;
            let or_required = |name: &'static str, default: &str| match is_standard {
                true => Some(section.or(name, field(language), default.to_owned())),
                false => section.required(name, field(language)),
            };
            let key = or_required("key", standard.key);
            let money = standard.money.map(|(amount, currency)| {
                let amount = or_required("amount", amount);
                let currency = or_required("currency", currency);
                Some(MoneyMapping { amount: amount?, currency: currency? })
            });
            // Open and closed ones have their own field in each object.
            let filter = match is_standard {
                true => Some(section.or("filter", filter(language), standard.filter.to_owned())),
                false => section.optional("filter", filter(language)),
            };
            let money = match money {
                Some(money) => Some(money?),
                None => None,
            };
            Some(Self { object, key: key?, filter, money })
        })
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
