//! The record of a customer, by SOQL.

use serde_json::Value;

use crate::encode;
use crate::lookup::{Answer, Ask, Found, Lookup, MOST_RECORDS, Problem, Step, Subject};
use crate::record::Unreadable;

pub(super) fn begin(subject: Subject<'_>) -> Box<dyn Lookup + '_> {
    Box::new(Query(subject))
}

/// One query answers everything.
struct Query<'a>(Subject<'a>);

impl Lookup for Query<'_> {
    fn next(&mut self, answer: Answer<'_>) -> Result<Step, Problem> {
        match answer {
            Answer::Begin => Ok(Step::Ask(Ask { class: "query", path: self.path()? })),
            Answer::Json(page) => Ok(Step::Done(self.read(page)?)),
            // A query that finds nothing answers an empty list.
            Answer::NotFound => Err(Unreadable::new(format!(
                "nothing is at '{}' (404): is this version of the API there? See api_version",
                self.0.target.api_root()
            ))
            .into()),
        }
    }
}

// === impl Query ===

impl Query<'_> {
    fn path(&self) -> Result<String, Problem> {
        let Subject { target, mapping, key, .. } = self.0;
        let record = &mapping.record;
        let mut selected: Vec<&str> = vec![&record.id];
        for field in [&record.key].into_iter().chain(record.fields.values()) {
            // A field that is named twice is refused.
            if !selected.iter().any(|known| known.eq_ignore_ascii_case(field)) {
                selected.push(field);
            }
        }
        let literal = encode::soql_string(key.value())?;
        let alternatives: Vec<String> =
            self.0.key_fields()?.iter().map(|field| format!("{field} = {literal}")).collect();
        let mut soql = format!(
            "SELECT {} FROM {} WHERE ({})",
            selected.join(", "),
            record.object,
            alternatives.join(" OR ")
        );
        if let Some(filter) = &record.filter {
            soql.push_str(&format!(" AND ({filter})"));
        }
        soql.push_str(&format!(" LIMIT {MOST_RECORDS}"));
        Ok(format!("{}/query?{}", target.api_root(), encode::query(&[("q", &soql)])))
    }

    fn read(&self, page: &Value) -> Result<Found, Problem> {
        let records = page.get("records").and_then(Value::as_array);
        let records: Vec<&Value> =
            records.ok_or_else(|| Unreadable::new("it has no list 'records'"))?.iter().collect();
        Ok(self.0.customer(&records)?.map_or_else(|found| found, Found::One))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_config::ProfileMapping;
    use trunkline_systems::{ProfileField, System};

    use super::*;
    use crate::lookup::{Depth, ProfileKey};
    use crate::testing;

    fn asked(mapping: &ProfileMapping, key: ProfileKey) -> Result<String, Problem> {
        let target = testing::target_with_token("https://crm.example");
        let subject = Subject { target: &target, mapping, key: &key, depth: Depth::Profile };
        match begin(subject).next(Answer::Begin)? {
            Step::Ask(ask) => Ok(testing::decoded(&ask.path)),
            Step::Done(found) => panic!("{found:?}"),
        }
    }

    fn read(mapping: &ProfileMapping, page: Value) -> Result<Found, Problem> {
        let target = testing::target_with_token("https://crm.example");
        let key = ProfileKey::Number("C-1".to_owned());
        let mut lookup = begin(Subject { target: &target, mapping, key: &key, depth: Depth::Profile });
        match lookup.next(Answer::Json(&page))? {
            Step::Done(found) => Ok(found),
            Step::Ask(ask) => panic!("{ask:?}"),
        }
    }

    fn other_organisation() -> ProfileMapping {
        let mut mapping = ProfileMapping::standard(System::Salesforce).unwrap();
        mapping.record.object = "Contact".to_owned();
        mapping.record.key = "Account.ERP__c".to_owned();
        mapping.record.phone = vec!["Phone".to_owned(), "MobilePhone".to_owned()];
        mapping.record.filter = Some("IsActive__c = true".to_owned());
        mapping.record.fields =
            [(ProfileField::AccountName, "Account.Name"), (ProfileField::LoyaltyTier, "Tier__c")]
                .map(|(name, field)| (name, field.to_owned()))
                .into();
        mapping
    }

    #[test]
    fn the_standard_object_is_asked_where_nothing_is_configured() {
        let standard = ProfileMapping::standard(System::Salesforce).unwrap();
        assert_eq!(
            asked(&standard, ProfileKey::Number("C-1".to_owned())).unwrap(),
            "/services/data/v60.0/query?q=SELECT Id, AccountNumber, Name, LastActivityDate FROM Account \
             WHERE (AccountNumber = 'C-1') LIMIT 20"
        );
        assert_eq!(
            asked(&standard, ProfileKey::Email("a@b.example".to_owned())),
            Err(Problem::NoSearchField("email"))
        );
    }

    #[test]
    fn an_organisations_own_objects_and_fields_are_asked() {
        assert_eq!(
            asked(&other_organisation(), ProfileKey::Phone("+1317".to_owned())).unwrap(),
            "/services/data/v60.0/query?q=SELECT Id, Account.ERP__c, Account.Name, Tier__c FROM Contact \
             WHERE (Phone = '+1317' OR MobilePhone = '+1317') AND (IsActive__c = true) LIMIT 20"
        );
    }

    #[test]
    fn the_key_stays_a_value() {
        let standard = ProfileMapping::standard(System::Salesforce).unwrap();
        let asked = asked(&standard, ProfileKey::Number("C-1' OR Name LIKE '%".to_owned())).unwrap();
        assert!(asked.contains(r"(AccountNumber = 'C-1\' OR Name LIKE \'%')"), "{asked}");
    }

    #[test]
    fn a_record_becomes_a_profile() {
        let record = json!({"attributes": {"type": "Contact"}, "Id": "003", "Tier__c": null,
            "Account": {"Name": "Ada Ltd", "ERP__c": "K-7"}});
        let found = read(&other_organisation(), json!({"totalSize": 1, "records": [record]})).unwrap();
        let Found::One(found) = found else { panic!("{found:?}") };
        assert_eq!((found.record_id.as_deref(), found.number.as_deref()), (Some("003"), Some("K-7")));
        assert_eq!((found.data.account_name.as_deref(), found.data.loyalty_tier), (Some("Ada Ltd"), None));

        let standard = ProfileMapping::standard(System::Salesforce).unwrap();
        let record =
            json!({"Id": "001", "AccountNumber": "C-1", "Name": "Ada", "LastActivityDate": "2026-11-20"});
        let Found::One(found) = read(&standard, json!({"records": [record]})).unwrap() else { panic!() };
        assert_eq!(found.data.last_interaction, Some(1_795_132_800_000));
    }

    #[test]
    fn none_and_several_are_no_profile() {
        let standard = ProfileMapping::standard(System::Salesforce).unwrap();
        assert_eq!(read(&standard, json!({"totalSize": 0, "records": []})), Ok(Found::None));
        assert_eq!(read(&standard, json!({"records": [{}, {}]})), Ok(Found::Several(2)));
        assert!(matches!(read(&standard, Value::Null), Err(Problem::Unreadable(_))));
        let wrong =
            json!({"records": [{"Id": "1", "AccountNumber": 7, "Name": "x", "LastActivityDate": null}]});
        let Err(Problem::Unreadable(Unreadable(said))) = read(&standard, wrong) else { panic!() };
        assert_eq!(said, "field 'AccountNumber' is a number, must be a text");
    }

    #[test]
    fn a_version_that_is_not_there_is_no_unknown_customer() {
        let (target, key) =
            (testing::target_with_token("https://x.example"), ProfileKey::Number("C".to_owned()));
        let mapping = ProfileMapping::standard(System::Salesforce).unwrap();
        let mut lookup =
            begin(Subject { target: &target, mapping: &mapping, key: &key, depth: Depth::Profile });
        assert!(matches!(lookup.next(Answer::NotFound), Err(Problem::Unreadable(_))));
    }
}
