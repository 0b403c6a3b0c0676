//! The open items of a customer, summed to a balance.

use rust_decimal::Decimal;
use serde_json::Value;
use trunkline_profiles::ProfileData;
use trunkline_schemas::money;

use crate::encode::{self, Unsafe};
use crate::lookup::{Found, ProfileLookup, Unreadable};

const ENTITY: &str = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube";
/// More open items than fit on so many pages are not summed: a partial sum would be a wrong balance.
const MOST_PAGES: usize = 10;
/// Money travels as `decimal(20,4)`.
const DECIMAL_PLACES: u32 = 4;

pub(super) const LOOKUP: ProfileLookup = ProfileLookup { path: profile_path, read, not_found: || None };

fn profile_path(customer_id: &str) -> Result<String, Unsafe> {
    let filter =
        format!("Customer eq {} and ClearingAccountingDocument eq ''", encode::odata_string(customer_id)?);
    Ok(format!("{ENTITY}?{}", encode::query(&[("$filter", &filter), ("$format", "json")])))
}

/// The customer's balance; `None` when there is no open item, which is also SAP's answer for a customer it
/// does not know.
fn read(pages: &[Value], base_url: &str) -> Result<Found, Unreadable> {
    let items = pages.iter().map(rows).collect::<Result<Vec<_>, _>>()?;
    match pages.last().and_then(|page| next_page(page, base_url)) {
        Some(_) if pages.len() >= MOST_PAGES => Err(Unreadable("more open items than are read")),
        Some(next) => Ok(Found::NextPage(next)),
        None => balance(items.into_iter().flatten()).map(Found::All),
    }
}

/// The rows of a page, as version 2 and version 4 write them.
fn rows(page: &Value) -> Result<&Vec<Value>, Unreadable> {
    let rows = page.pointer("/d/results").or_else(|| page.get("value"));
    rows.and_then(Value::as_array).ok_or(Unreadable("no results"))
}

/// The path of the next page; only on the same host, whatever the answer says.
fn next_page(body: &Value, base_url: &str) -> Option<String> {
    let next = body.pointer("/d/__next").or_else(|| body.get("@odata.nextLink"))?.as_str()?;
    let path = match next.strip_prefix(base_url.trim_end_matches('/')) {
        Some(path) => path.to_owned(),
        None if next.contains("://") => {
            let url = reqwest::Url::parse(next).ok()?;
            format!("{}?{}", url.path(), url.query().unwrap_or_default())
        }
        None if next.starts_with('/') => next.to_owned(),
        None => format!("{}/{next}", ENTITY.rsplit_once('/')?.0),
    };
    Some(path)
}

fn balance<'a>(items: impl Iterator<Item = &'a Value>) -> Result<Option<ProfileData>, Unreadable> {
    let mut sum = Decimal::ZERO;
    let mut currencies: Vec<&str> = Vec::new();
    for item in items {
        let currency = item.get("CompanyCodeCurrency").and_then(Value::as_str);
        let currency = currency.ok_or(Unreadable("an item without a currency"))?;
        let amount = item.get("AmountInCompanyCodeCurrency").and_then(amount);
        let amount = amount.ok_or(Unreadable("an item without an amount"))?;
        sum = sum.checked_add(amount).ok_or(Unreadable("amounts beyond all bounds"))?;
        if !currencies.contains(&currency) {
            currencies.push(currency);
        }
    }
    if currencies.is_empty() {
        return Ok(None);
    }
    let sum = sum.round_dp(DECIMAL_PLACES);
    money::rescale(sum).map_err(|_| Unreadable("amounts beyond all bounds"))?;
    // Sums across currencies mean nothing: then the balance is not known.
    let [currency] = currencies.as_slice() else { return Ok(Some(ProfileData::default())) };
    Ok(Some(ProfileData {
        balance: Some(sum),
        currency: Some((*currency).to_owned()),
        ..ProfileData::default()
    }))
}

/// Version 2 writes decimals as text, version 4 as numbers.
fn amount(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(amount: &str, currency: &str) -> Value {
        json!({"AmountInCompanyCodeCurrency": amount, "CompanyCodeCurrency": currency})
    }

    #[test]
    fn the_customer_id_stays_a_value() {
        let path = profile_path("C-1' or Customer ne '").unwrap();
        assert!(path.ends_with(
            "?$filter=Customer%20eq%20%27C-1%27%27%20or%20Customer%20ne%20%27%27%27%20and%20\
             ClearingAccountingDocument%20eq%20%27%27&$format=json"
        ));
    }

    #[test]
    fn open_items_are_summed_in_one_currency() {
        let data = balance([item("100.10", "EUR"), item("-0.20", "EUR")].iter()).unwrap().unwrap();
        assert_eq!((data.balance, data.currency.as_deref()), (Some(Decimal::new(9_990, 2)), Some("EUR")));
        assert!(balance([item("12345678901234567", "EUR")].iter()).is_err(), "no decimal(20,4)");
        let mixed = balance([item("1", "EUR"), item("1", "USD")].iter()).unwrap().unwrap();
        assert_eq!((mixed.balance, mixed.currency), (None, None));
        assert_eq!(balance([].iter()).unwrap(), None);
    }

    #[test]
    fn an_item_that_cannot_be_read_makes_no_balance() {
        for broken in [
            item("much", "EUR"),
            json!({"CompanyCodeCurrency": "EUR"}),
            json!({"AmountInCompanyCodeCurrency": "1"}),
        ] {
            assert!(balance([item("1", "EUR"), broken].iter()).is_err());
        }
    }

    #[test]
    fn rows_of_both_versions_are_read() {
        assert_eq!(rows(&json!({"d": {"results": [1, 2]}})).unwrap().len(), 2);
        assert_eq!(rows(&json!({"value": [1]})).unwrap().len(), 1);
        assert!(rows(&json!({"d": {}})).is_err());
        assert!(rows(&Value::Null).is_err());
    }

    #[test]
    fn pages_are_read_to_the_last_one_or_not_at_all() {
        let page = json!({"d": {"results": [item("1", "EUR")], "__next": "/odata/X?$skiptoken=2"}});
        let last = json!({"d": {"results": [item("2", "EUR")]}});
        let found = read(std::slice::from_ref(&page), "https://sap.example").unwrap();
        assert_eq!(found, Found::NextPage("/odata/X?$skiptoken=2".to_owned()));
        let Found::All(Some(data)) = read(&[page.clone(), last], "https://sap.example").unwrap() else {
            panic!("not all");
        };
        assert_eq!(data.balance, Some(Decimal::new(3, 0)));
        let most = vec![page; MOST_PAGES];
        assert!(read(&most[1..], "https://sap.example").is_ok());
        assert!(read(&most, "https://sap.example").is_err());
    }

    #[test]
    fn the_next_page_is_on_the_same_host() {
        for (body, expected) in [
            (json!({"d": {"results": []}}), None),
            (
                json!({"d": {"__next": "https://sap.example/odata/X?$skiptoken=2"}}),
                Some("/odata/X?$skiptoken=2"),
            ),
            (
                json!({"d": {"__next": "https://evil.example/odata/X?$skiptoken=2"}}),
                Some("/odata/X?$skiptoken=2"),
            ),
            (json!({"@odata.nextLink": "/odata/X?$skiptoken=2"}), Some("/odata/X?$skiptoken=2")),
            (
                json!({"@odata.nextLink": "A_OperationalAcctgDocItemCube?$skiptoken=2"}),
                Some(
                    "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube?$skiptoken=2",
                ),
            ),
        ] {
            assert_eq!(next_page(&body, "https://sap.example/").as_deref(), expected, "{body}");
        }
    }
}
