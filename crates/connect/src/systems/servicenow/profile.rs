//! How many tickets of a customer are open, and the record of the customer.

use serde_json::Value;
use trunkline_config::RelatedMapping;
use trunkline_profiles::ProfileData;

use crate::encode::{self, Unsafe};
use crate::lookup::{Answer, Ask, Depth, Found, FoundCustomer, Lookup, MOST_RECORDS, Problem, Step, Subject};
use crate::record::Unreadable;

pub(super) fn begin(subject: Subject<'_>) -> Box<dyn Lookup + '_> {
    Box::new(Tickets { subject, customer: None })
}

/// The record first, where one is needed; then the count of what has its number.
struct Tickets<'a> {
    subject: Subject<'a>,
    /// Known once the tickets are asked for.
    customer: Option<FoundCustomer>,
}

impl Lookup for Tickets<'_> {
    fn next(&mut self, answer: Answer<'_>) -> Result<Step, Problem> {
        match (answer, self.customer.take()) {
            (Answer::Begin, _) => match self.subject.number_alone() {
                Some(number) => {
                    let number = Some(number.to_owned());
                    self.count(FoundCustomer { number, ..FoundCustomer::default() })
                }
                None => Ok(Step::Ask(Ask { class: "table", path: self.record_path()? })),
            },
            (Answer::Json(page), None) => self.found(page),
            // Version 1 of its interfaces says "nothing found" so.
            (Answer::NotFound, None) => Ok(Step::Done(Found::None)),
            (Answer::NotFound, Some(customer)) => Ok(Step::Done(with_tickets(customer, 0))),
            (Answer::Json(page), Some(customer)) => Ok(Step::Done(with_tickets(customer, count(page)?))),
        }
    }
}

// === impl Tickets ===

impl Tickets<'_> {
    fn record_path(&self) -> Result<String, Problem> {
        let mapping = &self.subject.mapping.record;
        let value = encode::servicenow_value(self.subject.key.value())?;
        // Alternatives are one condition: `a=1^ORb=1`.
        let alternatives: Vec<String> =
            self.subject.key_fields()?.iter().map(|field| format!("{field}={value}")).collect();
        let query = conditions(mapping.filter.as_deref(), &alternatives.join("^OR"));
        let mut fields = vec![mapping.id.as_str(), &mapping.key];
        fields.extend(mapping.fields.values().map(String::as_str));
        let limit = MOST_RECORDS.to_string();
        let pairs = [
            ("sysparm_query", query.as_str()),
            ("sysparm_fields", &fields.join(",")),
            ("sysparm_limit", &limit),
            ("sysparm_exclude_reference_link", "true"),
        ];
        Ok(format!("{}/table/{}?{}", self.subject.target.api_root(), mapping.object, encode::query(&pairs)))
    }

    fn found(&mut self, page: &Value) -> Result<Step, Problem> {
        let records = page.get("result").and_then(Value::as_array);
        let records: Vec<&Value> =
            records.ok_or_else(|| Unreadable::new("it has no list 'result'"))?.iter().collect();
        let customer = match self.subject.customer(&records)? {
            Ok(customer) => customer,
            Err(found) => return Ok(Step::Done(found)),
        };
        match self.subject.depth {
            Depth::Record => Ok(Step::Done(Found::One(customer))),
            Depth::Profile => self.count(customer),
        }
    }

    /// Counts the tickets of a customer who has a number.
    fn count(&mut self, customer: FoundCustomer) -> Result<Step, Problem> {
        let (Some(related), Some(number)) = (&self.subject.mapping.related, &customer.number) else {
            return Ok(Step::Done(Found::One(customer)));
        };
        let path = count_path(&self.subject.target.api_root(), related, number)?;
        self.customer = Some(customer);
        Ok(Step::Ask(Ask { class: "stats", path }))
    }
}

fn count_path(root: &str, related: &RelatedMapping, number: &str) -> Result<String, Unsafe> {
    let own = format!("{}={}", related.key, encode::servicenow_value(number)?);
    let query = conditions(related.filter.as_deref(), &own);
    let pairs = [("sysparm_query", query.as_str()), ("sysparm_count", "true")];
    Ok(format!("{root}/stats/{}?{}", related.object, encode::query(&pairs)))
}

fn conditions(filter: Option<&str>, own: &str) -> String {
    filter.map_or_else(|| own.to_owned(), |filter| format!("{filter}^{own}"))
}

/// None open is an answer, not the lack of one: ServiceNow keeps tickets, not customers.
fn with_tickets(customer: FoundCustomer, count: i32) -> Found {
    Found::One(FoundCustomer { data: ProfileData { open_tickets: Some(count), ..customer.data }, ..customer })
}

fn count(page: &Value) -> Result<i32, Unreadable> {
    let count = page.pointer("/result/stats/count");
    // Numbers are text.
    let count = count.and_then(|count| match count {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_i64().and_then(|number| i32::try_from(number).ok()),
    });
    count.ok_or_else(|| Unreadable::new("it has no number 'result.stats.count'"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_config::ProfileMapping;
    use trunkline_systems::System;

    use super::*;
    use crate::lookup::ProfileKey;
    use crate::testing;

    /// What is asked, decoded, when these answers come; and what is found in the end.
    fn play(
        key: ProfileKey,
        depth: Depth,
        answers: &[Value],
    ) -> (Vec<String>, Option<Result<Found, Problem>>) {
        let (target, mapping) =
            (testing::target("https://x.example"), ProfileMapping::standard(System::ServiceNow));
        let mapping = mapping.unwrap();
        let mut lookup = begin(Subject { target: &target, mapping: &mapping, key: &key, depth });
        let (mut asked, mut answers) = (Vec::new(), answers.iter());
        let mut step = lookup.next(Answer::Begin);
        loop {
            match step {
                Ok(Step::Ask(ask)) => asked.push(testing::decoded(&ask.path)),
                Ok(Step::Done(found)) => return (asked, Some(Ok(found))),
                Err(problem) => return (asked, Some(Err(problem))),
            }
            let Some(answer) = answers.next() else { return (asked, None) };
            step = lookup.next(if answer.is_null() { Answer::NotFound } else { Answer::Json(answer) });
        }
    }

    fn number() -> ProfileKey {
        ProfileKey::Number("C-000001".to_owned())
    }

    #[test]
    fn the_tickets_of_a_number_are_one_question() {
        let (asked, found) = play(number(), Depth::Profile, &[json!({"result": {"stats": {"count": "3"}}})]);
        let expected = "/api/now/stats/incident?sysparm_query=active=true^caller_id.user_name=C-000001&sysparm_count=true";
        assert_eq!(asked, [expected]);
        let Some(Ok(Found::One(found))) = found else { panic!("{found:?}") };
        assert_eq!(found.data.open_tickets, Some(3));
        let (_, found) = play(number(), Depth::Profile, &[Value::Null]);
        assert!(matches!(found, Some(Ok(Found::One(found))) if found.data.open_tickets == Some(0)));
    }

    #[test]
    fn a_record_that_is_searched_tells_the_number() {
        let record = json!({"result": [{"sys_id": "5f", "user_name": "C-000001"}]});
        let answers = [record.clone(), json!({"result": {"stats": {"count": "0"}}})];
        let (asked, found) = play(ProfileKey::Phone("+1317".to_owned()), Depth::Profile, &answers);
        assert!(asked[0].contains("sysparm_query=phone=+1317^ORmobile_phone=+1317&"), "{asked:?}");
        assert!(asked[0].starts_with("/api/now/table/sys_user?"), "{asked:?}");
        assert!(asked[1].contains("caller_id.user_name=C-000001"), "{asked:?}");
        let Some(Ok(Found::One(found))) = found else { panic!("{found:?}") };
        assert_eq!((found.record_id.as_deref(), found.data.open_tickets), (Some("5f"), Some(0)));

        let (asked, found) = play(ProfileKey::Email("a@b.example".to_owned()), Depth::Record, &[record]);
        assert_eq!(asked.len(), 1, "who it is needs no tickets");
        assert!(matches!(found, Some(Ok(Found::One(_)))));
    }

    #[test]
    fn none_and_several_are_told() {
        let key = || ProfileKey::RecordId("5f".to_owned());
        let several = json!({"result": [{"sys_id": "1"}, {"sys_id": "2"}]});
        assert_eq!(play(key(), Depth::Record, &[several]).1, Some(Ok(Found::Several(2))));
        assert_eq!(play(key(), Depth::Record, &[json!({"result": []})]).1, Some(Ok(Found::None)));
        assert_eq!(play(key(), Depth::Record, &[Value::Null]).1, Some(Ok(Found::None)), "of version 1");
        let Some(Err(Problem::Unreadable(Unreadable(said)))) =
            play(key(), Depth::Record, &[json!({"result": [{"sys_id": "1"}]})]).1
        else {
            panic!()
        };
        assert!(said.contains("'user_name' is not in the answer"), "{said}");
    }

    #[test]
    fn the_key_stays_a_value() {
        let injected = ProfileKey::Number("C-1^ORactive=false".to_owned());
        assert!(matches!(play(injected, Depth::Profile, &[]).1, Some(Err(Problem::Unsafe(_)))));
    }

    #[test]
    fn counts_are_text_or_numbers() {
        for (written, expected) in [(json!("12"), 12), (json!(0), 0)] {
            assert_eq!(count(&json!({"result": {"stats": {"count": written}}})), Ok(expected));
        }
        for broken in [json!({"result": []}), json!({"result": {"stats": {"count": "many"}}}), Value::Null] {
            assert!(count(&broken).is_err(), "{broken}");
        }
    }
}
