//! The open items of a customer, summed to a balance.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;
use trunkline_config::{MoneyMapping, RelatedMapping};
use trunkline_schemas::money;

use super::service;
use crate::encode::{self, Unsafe};
use crate::record::{self, Unreadable};

/// More open items than fit on so many pages are not summed: a partial sum would be a wrong balance.
const MOST_PAGES: usize = 10;
/// Money travels as `decimal(20,4)`.
const DECIMAL_PLACES: u32 = 4;

/// What the pages so far say.
#[derive(Debug, PartialEq)]
pub(super) enum Sum {
    /// There is another page, at this path.
    NextPage(String),
    /// The balances by their currencies; `None` when there is no open item.
    All(Option<BTreeMap<String, Decimal>>),
}

/// Path and query of the first page.
pub(super) fn path(mapping: &RelatedMapping, number: &str) -> Result<String, Unsafe> {
    let own = format!("{} eq {}", mapping.key, encode::odata_string(number)?);
    let filter = match &mapping.filter {
        Some(filter) => format!("{own} and ({filter})"),
        None => own,
    };
    let query = encode::query(&[("$filter", &filter), ("$format", "json")]);
    Ok(format!("{}?{query}", service::path(&mapping.object)))
}

/// Sums the items on the pages so far, when there is no other page.
pub(super) fn read(mapping: &RelatedMapping, pages: &[Value], base_url: &str) -> Result<Sum, Unreadable> {
    let items = pages.iter().map(service::rows).collect::<Result<Vec<_>, _>>()?;
    match pages.last().and_then(|page| next_page(page, base_url, &mapping.object)) {
        Some(_) if pages.len() >= MOST_PAGES => {
            Err(Unreadable::new("there are more open items than are read"))
        }
        Some(next) => Ok(Sum::NextPage(next)),
        None => match &mapping.money {
            Some(money) => balances(items.into_iter().flatten(), money).map(Sum::All),
            None => Ok(Sum::All(None)),
        },
    }
}

/// The path of the next page; only on the same host, whatever the answer says.
fn next_page(body: &Value, base_url: &str, object: &str) -> Option<String> {
    let next = body.pointer("/d/__next").or_else(|| body.get("@odata.nextLink"))?.as_str()?;
    let path = match next.strip_prefix(base_url.trim_end_matches('/')) {
        Some(path) => path.to_owned(),
        None if next.contains("://") => {
            let url = reqwest::Url::parse(next).ok()?;
            format!("{}?{}", url.path(), url.query().unwrap_or_default())
        }
        None if next.starts_with('/') => next.to_owned(),
        None => format!("{}/{next}", service::service(object)),
    };
    Some(path)
}

/// The balance in each currency; sums across currencies mean nothing.
fn balances<'a>(
    items: impl Iterator<Item = &'a Value>,
    money: &MoneyMapping,
) -> Result<Option<BTreeMap<String, Decimal>>, Unreadable> {
    let beyond = || Unreadable::new(format!("the sum of '{}' is beyond all bounds", money.amount));
    let mut balances: BTreeMap<String, Decimal> = BTreeMap::new();
    for item in items {
        let currency = record::text(item, &money.currency)?;
        let currency = currency
            .ok_or_else(|| Unreadable::new(format!("an item has no currency in '{}'", money.currency)))?;
        let sum = balances.entry(currency).or_default();
        *sum = sum.checked_add(amount(item, &money.amount)?).ok_or_else(beyond)?;
    }
    for sum in balances.values_mut() {
        *sum = sum.round_dp(DECIMAL_PLACES);
        money::rescale(*sum).map_err(|_| beyond())?;
    }
    Ok(Some(balances).filter(|balances| !balances.is_empty()))
}

/// Version 2 writes decimals as text, version 4 as numbers.
fn amount(item: &Value, field: &str) -> Result<Decimal, Unreadable> {
    record::amount_of(record::at(item, field)?)
        .ok_or_else(|| Unreadable::new(format!("field '{field}' of an item is no amount")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_config::ProfileMapping;
    use trunkline_systems::System;

    use super::*;
    use crate::testing;

    fn mapping() -> RelatedMapping {
        ProfileMapping::standard(System::Sap).unwrap().related.unwrap()
    }

    fn item(amount: &str, currency: &str) -> Value {
        json!({"AmountInCompanyCodeCurrency": amount, "CompanyCodeCurrency": currency})
    }

    fn balances_of(items: &[Value]) -> Result<Option<BTreeMap<String, Decimal>>, Unreadable> {
        balances(items.iter(), &mapping().money.unwrap())
    }

    #[test]
    fn the_key_stays_a_value() {
        assert_eq!(
            testing::decoded(&path(&mapping(), "C-1' or Customer ne '").unwrap()),
            "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube?$filter=Customer eq \
             'C-1'' or Customer ne ''' and (FinancialAccountType eq 'D' and ClearingAccountingDocument eq '')\
             &$format=json"
        );
    }

    #[test]
    fn open_items_are_summed_by_their_currencies() {
        let euros = |cents| ("EUR".to_owned(), Decimal::new(cents, 2));
        let balances = balances_of(&[item("100.10", "EUR"), item("-0.20", "EUR")]).unwrap().unwrap();
        assert_eq!(balances, BTreeMap::from([euros(9_990)]));
        assert!(balances_of(&[item("12345678901234567", "EUR")]).is_err(), "no decimal(20,4)");
        let two = balances_of(&[item("1", "EUR"), item("1", "USD"), item("2", "EUR")]).unwrap().unwrap();
        assert_eq!(two, BTreeMap::from([euros(300), ("USD".to_owned(), Decimal::new(1, 0))]));
        assert_eq!(balances_of(&[]).unwrap(), None);
    }

    #[test]
    fn an_item_that_cannot_be_read_makes_no_balance() {
        for (broken, field) in [
            (item("much", "EUR"), "'AmountInCompanyCodeCurrency'"),
            (json!({"CompanyCodeCurrency": "EUR"}), "'AmountInCompanyCodeCurrency'"),
            (json!({"AmountInCompanyCodeCurrency": "1"}), "'CompanyCodeCurrency'"),
            (json!({"AmountInCompanyCodeCurrency": "1", "CompanyCodeCurrency": 7}), "'CompanyCodeCurrency'"),
        ] {
            let Unreadable(said) = balances_of(&[item("1", "EUR"), broken]).unwrap_err();
            assert!(said.contains(field), "{said}");
        }
    }

    #[test]
    fn pages_are_read_to_the_last_one_or_not_at_all() {
        let page = json!({"d": {"results": [item("1", "EUR")], "__next": "/odata/X?$skiptoken=2"}});
        let last = json!({"d": {"results": [item("2", "EUR")]}});
        let read = |pages: &[Value]| read(&mapping(), pages, "https://sap.example");
        let sum = read(std::slice::from_ref(&page)).unwrap();
        assert_eq!(sum, Sum::NextPage("/odata/X?$skiptoken=2".to_owned()));
        let Sum::All(Some(balances)) = read(&[page.clone(), last]).unwrap() else { panic!("not all") };
        assert_eq!(balances, BTreeMap::from([("EUR".to_owned(), Decimal::new(3, 0))]));
        let most = vec![page; MOST_PAGES];
        assert!(read(&most[1..]).is_ok());
        assert!(read(&most).is_err());
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
            let next = next_page(&body, "https://sap.example/", &mapping().object);
            assert_eq!(next.as_deref(), expected, "{body}");
        }
    }
}
