//! Entities and entity sets, and how the customers look in them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{odata_date, odata_etag};
use trunkline_load::customers::{AccountingItem, Customer};
use trunkline_load::numbers::{Numbers, Population};

/// One entity.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    /// Behind `/sap/opu/odata/sap/`.
    pub(super) path: String,
    pub(super) type_name: &'static str,
    pub(super) properties: BTreeMap<String, Value>,
    /// When it was last changed (UTC milliseconds), for entities that have a version.
    changed_ms: Option<i64>,
}

/// Entities by key.
#[derive(Debug, Default)]
pub(super) struct Set(BTreeMap<String, Entity>);

impl Entity {
    /// The version in the form of a header; clients send it back as it is.
    pub(super) fn etag(&self) -> Option<String> {
        self.changed_ms.map(odata_etag)
    }
}

impl Set {
    pub(super) fn get(&self, key: &str) -> Option<&Entity> {
        self.0.get(key)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entity> {
        self.0.values()
    }

    /// Entities of a set have the same properties, so the first speaks for all.
    pub(super) fn has_property(&self, name: &str) -> bool {
        self.0.values().next().is_none_or(|entity| entity.properties.contains_key(name))
    }

    /// The properties, with a value of each.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&str, &Value)> {
        let properties = self.0.values().next().map(|entity| &entity.properties).into_iter().flatten();
        properties.map(|(name, value)| (name.as_str(), value))
    }

    /// Sets properties; true when a value is another one now. Only then does the version move, by at least 1 ms.
    pub(super) fn change(&mut self, key: &str, fields: Map<String, Value>, now_ms: i64) -> bool {
        let Some(entity) = self.0.get_mut(key) else { return false };
        let mut changed = false;
        for (name, value) in fields {
            let before = entity.properties.insert(name, value.clone());
            changed |= before.unwrap_or(Value::Null) != value;
        }
        if changed {
            entity.changed_ms = entity.changed_ms.map(|before| now_ms.max(before + 1));
            entity.properties.insert("LastChangeDate".into(), json!(odata_date(now_ms)));
        }
        changed
    }
}

/// Every customer as a business partner, whose number is the customer's as well.
pub(super) fn business_partners(customers: Population, now_ms: i64) -> Set {
    let created_ms = now_ms - 400 * 86_400_000;
    let entity = |(customer, Numbers { sap: number, .. }): (Customer, Numbers)| {
        let properties = json!({
            "BusinessPartner": number,
            "Customer": number,
            "Supplier": "",
            "BusinessPartnerCategory": "2",
            "BusinessPartnerFullName": customer.name,
            "BusinessPartnerGrouping": "BP02",
            "BusinessPartnerName": customer.name,
            "OrganizationBPName1": customer.name,
            "CorrespondenceLanguage": "EN",
            "CreatedByUser": "CC0000000002",
            "CreationDate": odata_date(created_ms),
            "CreationTime": "PT17H49M05S",
            "LastChangeDate": Value::Null,
            "LastChangeTime": "PT00H00M00S",
            "SearchTerm1": customer.tier.unwrap_or_default(),
            "SearchTerm2": "",
            "BusinessPartnerIsBlocked": false,
            "IsMarkedForArchiving": false,
            // A property of the data; the version is in the header and in `__metadata`.
            "ETag": "CC000000000220180212174905",
        });
        let path = format!("API_BUSINESS_PARTNER/A_BusinessPartner('{number}')");
        let type_name = "API_BUSINESS_PARTNER.A_BusinessPartnerType";
        let changed_ms = Some(created_ms);
        (number, Entity { path, type_name, properties: properties_of(properties), changed_ms })
    };
    Set(customers.all().map(entity).collect())
}

/// Every customer's address: whose it is, and what phone number and e-mail address it has.
pub(super) fn addresses(customers: Population) -> [(&'static str, Set); 3] {
    let set = |name: &'static str, properties: fn(&Customer, &Numbers) -> Value| {
        let entity = |(customer, numbers): (Customer, Numbers)| {
            let properties = properties_of(properties(&customer, &numbers));
            let key = format!("AddressID='{}'", address_id(&customer));
            let path = format!("API_BUSINESS_PARTNER/{name}({key})");
            (
                address_id(&customer),
                Entity { path, type_name: "API_BUSINESS_PARTNER.Address", properties, changed_ms: None },
            )
        };
        (name, Set(customers.all().map(entity).collect()))
    };
    [
        set(
            "A_BusinessPartnerAddress",
            |customer, numbers| json!({"BusinessPartner": numbers.sap, "AddressID": address_id(customer), "Country": "US"}),
        ),
        set("A_AddressPhoneNumber", |customer, _| {
            json!({
                "AddressID": address_id(customer),
                "Person": "",
                "OrdinalNumber": "1",
                "PhoneNumber": customer.phone.trim_start_matches("+1"),
                "InternationalPhoneNumber": customer.phone,
                "IsDefaultPhoneNumber": true,
            })
        }),
        set("A_AddressEmailAddress", |customer, _| {
            json!({
                "AddressID": address_id(customer),
                "Person": "",
                "OrdinalNumber": "1",
                "EmailAddress": customer.email,
                "SearchEmailAddress": customer.email.to_uppercase(),
                "IsDefaultEmailAddress": true,
            })
        }),
    ]
}

fn address_id(customer: &Customer) -> String {
    (20_000 + customer.number).to_string()
}

/// Every customer's accounting items, open and cleared.
pub(super) fn open_items(customers: Population, now_ms: i64) -> Set {
    let year = trunkline_load::clock::format(now_ms, "%Y");
    let entity = |(customer, numbers): &(Customer, Numbers), item: &AccountingItem| {
        let amount = format!(
            "{}{}.{:02}",
            if item.cents < 0 { "-" } else { "" },
            item.cents.abs() / 100,
            item.cents.abs() % 100
        );
        let properties = json!({
            "CompanyCode": item.company_code,
            "FiscalYear": year,
            "AccountingDocument": item.document,
            "AccountingDocumentItem": "001",
            "AccountingDocumentItemType": "D",
            "FinancialAccountType": "D",
            "Customer": numbers.sap,
            "CustomerName": customer.name,
            "ClearingAccountingDocument": item.cleared_by,
            "AmountInTransactionCurrency": amount,
            "TransactionCurrency": item.currency,
            "AmountInCompanyCodeCurrency": amount,
            "CompanyCodeCurrency": item.currency,
            "AmountInBalanceTransacCrcy": amount,
            "BalanceTransactionCurrency": item.currency,
            "DebitCreditCode": if item.cents < 0 { "H" } else { "S" },
            "PostingDate": odata_date(now_ms - 40 * 86_400_000),
            "NetDueDate": odata_date(now_ms - 10 * 86_400_000),
        });
        let key = format!(
            "CompanyCode='{}',FiscalYear='{year}',AccountingDocument='{}',AccountingDocumentItem='001'",
            item.company_code, item.document
        );
        let path = format!("API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube({key})");
        let type_name = "API_OPLACCTGDOCITEMCUBE_SRV.A_OperationalAcctgDocItemCubeType";
        (
            item.document.clone(),
            Entity { path, type_name, properties: properties_of(properties), changed_ms: None },
        )
    };
    let all: Vec<(Customer, Numbers)> = customers.all().collect();
    Set(all.iter().flat_map(|known| known.0.items.iter().map(|item| entity(known, item))).collect())
}

fn properties_of(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Object(properties) => properties.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}
