//! The open items of a customer, summed to a balance.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;
use serde_json::Value;
use trunkline_profiles::ProfileData;
use trunkline_schemas::money;
use trunkline_systems::System;

use crate::encode::{self, Unsafe};
use crate::lookup::{self, Error, Question};
use crate::outbound::Outbound;

const ENTITY: &str = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube";
/// More open items than fit on so many pages are not summed: a partial sum would be a wrong balance.
const MOST_PAGES: usize = 10;
/// Money travels as `decimal(20,4)`.
const DECIMAL_PLACES: u32 = 4;

/// The customer's balance; `None` when there is no open item, which is also SAP's answer for a customer it
/// does not know.
pub(super) fn look_up<'a>(
    outbound: &'a Outbound,
    question: Question<'a>,
) -> BoxFuture<'a, Result<Option<ProfileData>, Error>> {
    async move {
        let mut path = profile_path(question.customer_id)?;
        let mut items = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut body = lookup::get(outbound, path, question).await?;
            items.append(&mut rows(&mut body)?);
            match next_page(&body, &outbound.target().base_url) {
                Some(next) => path = next,
                None => return balance(&items),
            }
        }
        Err(unreadable("more open items than are read"))
    }
    .boxed()
}

fn unreadable(what: &'static str) -> Error {
    Error::Unreadable { system: System::Sap, what }
}

fn profile_path(customer_id: &str) -> Result<String, Unsafe> {
    let filter =
        format!("Customer eq {} and ClearingAccountingDocument eq ''", encode::odata_string(customer_id)?);
    Ok(format!("{ENTITY}?{}", encode::query(&[("$filter", &filter), ("$format", "json")])))
}

/// The rows of a page, as version 2 and version 4 write them.
fn rows(body: &mut Value) -> Result<Vec<Value>, Error> {
    let rows =
        body.pointer_mut("/d/results").map(Value::take).or_else(|| body.get_mut("value").map(Value::take));
    match rows {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Err(unreadable("no results")),
    }
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

fn balance(items: &[Value]) -> Result<Option<ProfileData>, Error> {
    if items.is_empty() {
        return Ok(None);
    }
    let mut sum = Decimal::ZERO;
    let mut currencies: Vec<&str> = Vec::new();
    for item in items {
        let currency = item.get("CompanyCodeCurrency").and_then(Value::as_str);
        let currency = currency.ok_or_else(|| unreadable("an item without a currency"))?;
        let amount = item.get("AmountInCompanyCodeCurrency").and_then(amount);
        let amount = amount.ok_or_else(|| unreadable("an item without an amount"))?;
        sum = sum.checked_add(amount).ok_or_else(|| unreadable("amounts beyond all bounds"))?;
        if !currencies.contains(&currency) {
            currencies.push(currency);
        }
    }
    let sum = sum.round_dp(DECIMAL_PLACES);
    money::rescale(sum).map_err(|_| unreadable("amounts beyond all bounds"))?;
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
        let data = balance(&[item("100.10", "EUR"), item("-0.20", "EUR")]).unwrap().unwrap();
        assert_eq!((data.balance, data.currency.as_deref()), (Some(Decimal::new(9_990, 2)), Some("EUR")));
        assert!(balance(&[item("12345678901234567", "EUR")]).is_err(), "no decimal(20,4)");
        let mixed = balance(&[item("1", "EUR"), item("1", "USD")]).unwrap().unwrap();
        assert_eq!((mixed.balance, mixed.currency), (None, None));
        assert_eq!(balance(&[]).unwrap(), None);
    }

    #[test]
    fn an_item_that_cannot_be_read_makes_no_balance() {
        for broken in [
            item("much", "EUR"),
            json!({"CompanyCodeCurrency": "EUR"}),
            json!({"AmountInCompanyCodeCurrency": "1"}),
        ] {
            assert!(balance(&[item("1", "EUR"), broken]).is_err());
        }
    }

    #[test]
    fn rows_of_both_versions_are_read() {
        assert_eq!(rows(&mut json!({"d": {"results": [1, 2]}})).unwrap().len(), 2);
        assert_eq!(rows(&mut json!({"value": [1]})).unwrap().len(), 1);
        assert!(rows(&mut json!({"d": {}})).is_err());
        assert!(rows(&mut Value::Null).is_err());
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
