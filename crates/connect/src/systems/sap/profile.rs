//! A customer's business partner, found by number, id or the data of addresses, and the customer's balance.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::open_items::{self, Sum};
use super::service;
use crate::encode;
use crate::lookup::{Answer, Ask, Depth, Found, FoundCustomer, Lookup, MOST_RECORDS, Problem, Step, Subject};
use crate::record::{self, Unreadable};

/// Says whose address an address is, beside the set of business partners.
const ADDRESSES: &str = "A_BusinessPartnerAddress";
/// The property with the id of an address, in every entity set of a service that is about addresses.
const ADDRESS: &str = "AddressID";

pub(super) fn begin(subject: Subject<'_>) -> Box<dyn Lookup + '_> {
    Box::new(Partner { subject, searches: VecDeque::new(), ids: BTreeSet::new(), under_way: Stage::Record })
}

/// From an address's data to the address, from there to the partner's id, to the record, to its open items: as far as
/// is needed.
struct Partner<'a> {
    subject: Subject<'a>,
    /// Entity set and property, still to be searched.
    searches: VecDeque<(&'a str, &'a str)>,
    /// Of the records that were found.
    ids: BTreeSet<String>,
    under_way: Stage,
}

/// What was asked last.
enum Stage {
    /// Rows of an entity set that tells of addresses or partners.
    Search,
    /// Whose addresses some are.
    Owners,
    Record,
    Items {
        customer: FoundCustomer,
        pages: Vec<Value>,
    },
}

impl Lookup for Partner<'_> {
    fn next(&mut self, answer: Answer<'_>) -> Result<Step, Problem> {
        let page = match answer {
            Answer::Begin => return self.begin(),
            Answer::Json(page) => page,
            // A collection with nothing in it is an empty list.
            Answer::NotFound => {
                let what = "the service or its entity set is not there (404); `trunkline target describe` says which";
                return Err(Unreadable::new(what).into());
            }
        };
        match std::mem::replace(&mut self.under_way, Stage::Record) {
            Stage::Search => self.searched(page),
            Stage::Owners => {
                let rows = service::rows(page)?;
                if rows.len() >= MOST_RECORDS {
                    return Ok(Step::Done(Found::Several(rows.len())));
                }
                self.note_ids(rows)?;
                self.search_on()
            }
            Stage::Record => self.found(page),
            Stage::Items { customer, mut pages } => {
                pages.push(page.clone());
                self.summed(customer, pages)
            }
        }
    }
}

// === impl Partner ===

impl Partner<'_> {
    fn begin(&mut self) -> Result<Step, Problem> {
        if let Some(number) = self.subject.number_alone() {
            let number = Some(number.to_owned());
            return self.items(FoundCustomer { number, ..FoundCustomer::default() });
        }
        self.searches =
            self.subject.key_fields()?.into_iter().filter_map(|field| field.split_once('/')).collect();
        self.search_on()
    }

    /// Searches the next entity set, or asks for the record when all are searched.
    fn search_on(&mut self) -> Result<Step, Problem> {
        let Some((set, property)) = self.searches.pop_front() else { return self.record() };
        let filter = format!("{property} eq {}", encode::odata_string(self.subject.key.value())?);
        self.under_way = Stage::Search;
        Ok(partners(ask(&service::beside(&self.subject.mapping.record.object, set), &filter, None)))
    }

    fn searched(&mut self, page: &Value) -> Result<Step, Problem> {
        let rows = service::rows(page)?;
        // There may be more, and among them somebody else's.
        if rows.len() >= MOST_RECORDS {
            return Ok(Step::Done(Found::Several(rows.len())));
        }
        let id = self.subject.mapping.record.id.as_str();
        if rows.iter().all(|row| row.get(id).is_some()) {
            self.note_ids(rows)?;
            return self.search_on();
        }
        let addresses =
            rows.iter().map(|row| record::text(row, ADDRESS)).collect::<Result<BTreeSet<_>, _>>()?;
        let filter = any_of(ADDRESS, addresses.iter().flatten())?;
        self.under_way = Stage::Owners;
        let path = service::beside(&self.subject.mapping.record.object, ADDRESSES);
        Ok(partners(ask(&path, &filter, Some(id))))
    }

    fn note_ids(&mut self, rows: &[Value]) -> Result<(), Problem> {
        for row in rows {
            self.ids.extend(record::text(row, &self.subject.mapping.record.id)?);
        }
        Ok(())
    }

    fn record(&mut self) -> Result<Step, Problem> {
        let mapping = &self.subject.mapping.record;
        let literal = encode::odata_string(self.subject.key.value())?;
        let own = self.subject.key_fields()?.into_iter().filter(|field| !field.contains('/'));
        let mut alternatives: Vec<String> = own.map(|field| format!("{field} eq {literal}")).collect();
        if !self.ids.is_empty() {
            alternatives.push(any_of(&mapping.id, self.ids.iter())?);
        }
        if alternatives.is_empty() {
            return Ok(Step::Done(Found::None));
        }
        let mut filter = format!("({})", alternatives.join(" or "));
        if let Some(further) = &mapping.filter {
            filter.push_str(&format!(" and ({further})"));
        }
        let mut selected = BTreeSet::from([mapping.id.as_str(), &mapping.key]);
        selected.extend(mapping.fields.values().map(String::as_str));
        let selected: Vec<&str> = selected.into_iter().collect();
        self.under_way = Stage::Record;
        Ok(partners(ask(&service::path(&mapping.object), &filter, Some(&selected.join(",")))))
    }

    fn found(&mut self, page: &Value) -> Result<Step, Problem> {
        let rows: Vec<&Value> = service::rows(page)?.iter().collect();
        let customer = match self.subject.customer(&rows)? {
            Ok(customer) => customer,
            Err(found) => return Ok(Step::Done(found)),
        };
        match self.subject.depth {
            Depth::Record => Ok(Step::Done(Found::One(customer))),
            Depth::Profile => self.items(customer),
        }
    }

    /// Asks for the open items of a customer who has a number.
    fn items(&mut self, customer: FoundCustomer) -> Result<Step, Problem> {
        let (Some(related), Some(number)) = (&self.subject.mapping.related, &customer.number) else {
            return Ok(Step::Done(Found::One(customer)));
        };
        let path = open_items::path(related, number)?;
        self.under_way = Stage::Items { customer, pages: Vec::new() };
        Ok(Step::Ask(Ask { class: "open_items", path }))
    }

    fn summed(&mut self, customer: FoundCustomer, pages: Vec<Value>) -> Result<Step, Problem> {
        let Some(related) = &self.subject.mapping.related else {
            return Ok(Step::Done(Found::One(customer)));
        };
        match open_items::read(related, &pages, &self.subject.target.base_url)? {
            Sum::NextPage(path) => {
                self.under_way = Stage::Items { customer, pages };
                Ok(Step::Ask(Ask { class: "open_items", path }))
            }
            Sum::All(Some(balances)) => {
                let FoundCustomer { record_id, number, mut data } = customer;
                data.balances = balances;
                Ok(Step::Done(Found::One(FoundCustomer { record_id, number, data })))
            }
            // No open item is also SAP's answer for a number that it does not know.
            Sum::All(None) if customer.record_id.is_none() => Ok(Step::Done(Found::None)),
            Sum::All(None) => Ok(Step::Done(Found::One(customer))),
        }
    }
}

fn partners(path: String) -> Step {
    Step::Ask(Ask { class: "business_partner", path })
}

fn ask(path: &str, filter: &str, select: Option<&str>) -> String {
    let limit = MOST_RECORDS.to_string();
    let mut pairs = vec![("$filter", filter), ("$top", limit.as_str()), ("$format", "json")];
    pairs.extend(select.map(|select| ("$select", select)));
    format!("{path}?{}", encode::query(&pairs))
}

fn any_of<'v>(property: &str, values: impl Iterator<Item = &'v String>) -> Result<String, Problem> {
    let alternatives = values
        .map(|value| Ok(format!("{property} eq {}", encode::odata_string(value)?)))
        .collect::<Result<Vec<_>, Problem>>()?;
    Ok(alternatives.join(" or "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_config::{ProfileMapping, Target};
    use trunkline_systems::System;

    use super::*;
    use crate::lookup::ProfileKey;
    use crate::testing;

    fn rows(rows: Value) -> Value {
        json!({"d": {"results": rows}})
    }

    /// What is asked, decoded and without what all questions have, when these answers come; and what is found.
    fn play(
        mapping: &ProfileMapping,
        key: ProfileKey,
        depth: Depth,
        answers: &[Value],
    ) -> (Vec<String>, Found) {
        let target = Target { system: System::Sap, ..testing::target("https://sap.example") };
        let mut lookup = begin(Subject { target: &target, mapping, key: &key, depth });
        let (mut asked, mut answers) = (Vec::new(), answers.iter());
        let mut step = lookup.next(Answer::Begin).unwrap();
        while let Step::Ask(ask) = step {
            let path = testing::decoded(&ask.path).replace("/sap/opu/odata/sap/API_BUSINESS_PARTNER/", "");
            asked.push(path.replace("&$top=20&$format=json", ""));
            step = lookup.next(Answer::Json(answers.next().unwrap())).unwrap();
        }
        let Step::Done(found) = step else { unreachable!() };
        (asked, found)
    }

    fn standard() -> ProfileMapping {
        ProfileMapping::standard(System::Sap).unwrap()
    }

    #[test]
    fn a_number_is_asked_for_its_items_alone() {
        let item = json!({"AmountInCompanyCodeCurrency": "1.50", "CompanyCodeCurrency": "EUR"});
        let key = || ProfileKey::Number("17100001".to_owned());
        let (asked, found) = play(&standard(), key(), Depth::Profile, &[rows(json!([item]))]);
        assert_eq!(asked.len(), 1);
        let Found::One(found) = found else { panic!("{found:?}") };
        assert_eq!(found.data.balances.keys().collect::<Vec<_>>(), ["EUR"]);
        let (_, found) = play(&standard(), key(), Depth::Profile, &[rows(json!([]))]);
        assert_eq!(found, Found::None);
    }

    #[test]
    fn a_phone_number_leads_to_an_address_and_from_there_to_the_partner() {
        let key = ProfileKey::Phone("+493012345".to_owned());
        let answers = [
            rows(json!([{"AddressID": "9", "OrdinalNumber": "1"}, {"AddressID": "9", "OrdinalNumber": "2"}])),
            rows(json!([{"BusinessPartner": "1003764"}])),
            rows(json!([{"BusinessPartner": "1003764", "Customer": "17100001"}])),
            rows(json!([])),
        ];
        let (asked, found) = play(&standard(), key.clone(), Depth::Profile, &answers);
        assert_eq!(asked[0], "A_AddressPhoneNumber?$filter=InternationalPhoneNumber eq '+493012345'");
        assert_eq!(asked[1], "A_BusinessPartnerAddress?$filter=AddressID eq '9'&$select=BusinessPartner");
        assert_eq!(
            asked[2],
            "A_BusinessPartner?$filter=(BusinessPartner eq '1003764')&$select=BusinessPartner,Customer"
        );
        assert!(asked[3].contains("Customer eq '17100001'"), "{asked:?}");
        let Found::One(found) = found else { panic!("{found:?}") };
        assert_eq!(
            (found.record_id.as_deref(), found.number.as_deref()),
            (Some("1003764"), Some("17100001"))
        );
        assert_eq!(
            play(&standard(), key, Depth::Record, &answers[..3]).0.len(),
            3,
            "who it is needs no items"
        );
    }

    #[test]
    fn a_set_that_names_partners_and_properties_of_partners_are_searched_as_well() {
        let mut mapping = standard();
        mapping.record.email =
            vec!["A_BPAddressIndependentEmail/EmailAddress".to_owned(), "YY1_Mail".to_owned()];
        mapping.record.filter = Some("BusinessPartnerIsBlocked eq false".to_owned());
        let key = ProfileKey::Email("a@b.example".to_owned());
        let answers = [
            rows(json!([{"BusinessPartner": "1", "AddressID": "9"}])),
            rows(
                json!([{"BusinessPartner": "1", "Customer": "1"}, {"BusinessPartner": "2", "Customer": "2"}]),
            ),
        ];
        let (asked, found) = play(&mapping, key.clone(), Depth::Record, &answers);
        assert_eq!(
            asked[1],
            "A_BusinessPartner?$filter=(YY1_Mail eq 'a@b.example' or BusinessPartner eq '1') and \
             (BusinessPartnerIsBlocked eq false)&$select=BusinessPartner,Customer"
        );
        assert_eq!(found, Found::Several(2));
        mapping.record.email.pop();
        assert_eq!(
            play(&mapping, key, Depth::Record, &[rows(json!([]))]).1,
            Found::None,
            "no address, no partner"
        );
    }

    #[test]
    fn a_service_that_is_not_there_is_no_unknown_customer() {
        let target = Target { system: System::Sap, ..testing::target("https://sap.example") };
        let (mapping, key) = (standard(), ProfileKey::Number("1".to_owned()));
        let mut lookup =
            begin(Subject { target: &target, mapping: &mapping, key: &key, depth: Depth::Profile });
        lookup.next(Answer::Begin).unwrap();
        assert!(matches!(lookup.next(Answer::NotFound), Err(Problem::Unreadable(_))));
    }

    #[test]
    fn as_many_addresses_as_are_read_are_nobodys() {
        let address = |number: usize| json!({"AddressID": number.to_string()});
        let full = rows((0..MOST_RECORDS).map(address).collect());
        let phone = ProfileKey::Phone("+4930901820".to_owned());
        let (asked, found) = play(&standard(), phone.clone(), Depth::Profile, &[full]);
        assert_eq!((asked.len(), found), (1, Found::Several(MOST_RECORDS)));
        let owner = json!({"BusinessPartner": "1000001"});
        let owners = rows(vec![owner; MOST_RECORDS].into());
        let one = rows(json!([address(1)]));
        let (asked, found) = play(&standard(), phone, Depth::Profile, &[one, owners]);
        assert_eq!((asked.len(), found), (2, Found::Several(MOST_RECORDS)));
    }
}
