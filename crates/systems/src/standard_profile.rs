//! Where a vendor's standard product keeps what a profile is made of: what is asked where the configuration does not
//! say otherwise.

use crate::ProfileField;

/// The language in which a system is asked for records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryLanguage {
    /// SOQL of Salesforce: objects and fields are names, a dot leads to a related record's field.
    Soql,
    /// OData: an object is an entity set of a service, `SERVICE/SET`.
    OData,
    /// Encoded queries of ServiceNow: an object is a table, a dot leads to a referenced record's field.
    Encoded,
}

/// Where a vendor's standard product keeps customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardProfile {
    /// The language in which the system is asked.
    pub language: QueryLanguage,
    /// The object of which a customer is one record.
    pub object: &'static str,
    /// Its field with the record's own id.
    pub id: &'static str,
    /// Its field with the customer's number.
    pub key: &'static str,
    /// Its fields with phone numbers.
    pub phone: &'static [&'static str],
    /// Its fields with e-mail addresses.
    pub email: &'static [&'static str],
    /// What is read of the record.
    pub fields: &'static [(ProfileField, &'static str)],
    /// What may be read of the record where the configuration says from which field.
    pub readable: &'static [ProfileField],
    /// What the account must be allowed to do, for lookups.
    pub permissions: &'static str,
    /// What the account must be allowed to do, to describe objects and fields.
    pub describe_permissions: &'static str,
    /// What belongs to a customer and is counted or summed; `None` where the record says all.
    pub related: Option<StandardRelated>,
}

/// Records that belong to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardRelated {
    /// As the table of the configuration is called, for instance `items`.
    pub name: &'static str,
    /// The object that they are records of.
    pub object: &'static str,
    /// Its field with the customer's number.
    pub key: &'static str,
    /// Which of them count, in the system's own language.
    pub filter: &'static str,
    /// The fields with an amount and its currency, which are summed; `None` where records are counted.
    pub money: Option<(&'static str, &'static str)>,
}
