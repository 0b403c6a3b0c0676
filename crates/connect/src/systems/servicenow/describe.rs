//! The fields of a table and of those that it extends, by the dictionary.

use serde_json::Value;
use trunkline_config::Target;

use crate::description::{Fields, Known, Relation, Step, json};
use crate::encode;
use crate::record::Unreadable;

/// Tables extend one another less often than this.
const DEEPEST: usize = 20;

/// The tables, from the one that is asked for to the one that extends no other; then their fields; then one record of
/// the table. A record is shown without what the account may not read, and the dictionary has that all the same.
pub(super) fn next(target: &Target, table: &str, answers: &[Option<Vec<u8>>]) -> Result<Step, Unreadable> {
    let mut tables = vec![table.to_owned()];
    for (index, answer) in answers.iter().enumerate() {
        let Some(body) = answer else { return Ok(Step::Done(Known::NoSuchObject(Vec::new()))) };
        let page = json(body)?;
        let rows = page["result"].as_array().ok_or_else(|| Unreadable::new("it has no list 'result'"))?;
        let extended = match (rows.first(), index) {
            (Some(row), _) => row["super_class.name"].as_str().unwrap_or_default(),
            (None, 0) => return Ok(Step::Done(Known::NoSuchObject(Vec::new()))),
            (None, _) => "",
        };
        if extended.is_empty() || tables.len() >= DEEPEST {
            return match answers.get(index + 1) {
                None => Ok(Step::Ask(dictionary(target, &tables)?, "application/json")),
                Some(None) => Err(Unreadable::new("the dictionary has no field of it")),
                Some(Some(body)) => {
                    let fields = fields(&json(body)?)?;
                    match answers.get(index + 2) {
                        None => Ok(Step::Ask(sample(target, table)?, "application/json")),
                        // No record, nothing that is left out.
                        Some(None) => Ok(Step::Done(Known::Fields(fields))),
                        Some(Some(body)) => Ok(Step::Done(Known::Fields(shown(fields, &json(body)?)))),
                    }
                }
            };
        }
        tables.push(extended.to_owned());
    }
    let newest = tables.last().map_or(table, String::as_str);
    let query = format!("name={}", value(newest)?);
    Ok(Step::Ask(list(target, "sys_db_object", &query, "name,super_class.name"), "application/json"))
}

fn dictionary(target: &Target, tables: &[String]) -> Result<String, Unreadable> {
    let names = tables.iter().map(|name| value(name)).collect::<Result<Vec<_>, _>>()?.join(",");
    let query = format!("nameIN{names}^elementISNOTEMPTY");
    Ok(list(target, "sys_dictionary", &query, "element,reference"))
}

fn sample(target: &Target, table: &str) -> Result<String, Unreadable> {
    let pairs = [("sysparm_limit", "1"), ("sysparm_exclude_reference_link", "true")];
    let table = encode::path_segment(table).map_err(|error| Unreadable::new(error.to_string()))?;
    Ok(format!("{}/table/{table}?{}", target.api_root(), encode::query(&pairs)))
}

/// Those of the fields that a record has, where there is one.
fn shown(mut fields: Fields, page: &Value) -> Fields {
    if let Some(record) = page["result"].get(0).and_then(Value::as_object) {
        fields.retain(|name, _| record.contains_key(name));
    }
    fields
}

fn value(name: &str) -> Result<&str, Unreadable> {
    encode::servicenow_value(name).map_err(|error| Unreadable::new(error.to_string()))
}

fn list(target: &Target, table: &str, query: &str, fields: &str) -> String {
    let pairs = [
        ("sysparm_query", query),
        ("sysparm_fields", fields),
        ("sysparm_limit", "10000"),
        ("sysparm_exclude_reference_link", "true"),
    ];
    format!("{}/table/{table}?{}", target.api_root(), encode::query(&pairs))
}

fn fields(page: &Value) -> Result<Fields, Unreadable> {
    let rows = page["result"].as_array().ok_or_else(|| Unreadable::new("it has no list 'result'"))?;
    let field = |row: &Value| {
        let name = row["element"].as_str()?.to_owned();
        // Without its link a reference is the text of its value.
        let object = row["reference"].as_str().or_else(|| row["reference"]["value"].as_str());
        let object = object.filter(|object| !object.is_empty());
        let relation = object.map(|object| Relation { name: name.clone(), object: object.to_owned() });
        Some((name, relation))
    };
    Ok(rows.iter().filter_map(field).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    #[test]
    fn fields_of_extended_tables_count() {
        let target = testing::target("https://x.example");
        let mut answers = Vec::new();
        let mut asked = Vec::new();
        let record = json!({"number": "INC1", "caller_id": "6816f79c", "active": "true"});
        let of_record = |record: Value| json!({"result": [record]});
        for answer in [
            json!({"result": [{"name": "incident", "super_class.name": "task"}]}),
            json!({"result": [{"name": "task", "super_class.name": ""}]}),
            json!({"result": [{"element": "number", "reference": ""}, {"element": "caller_id", "reference": "sys_user"},
                {"element": "hidden", "reference": ""}]}),
            of_record(record),
        ] {
            let Step::Ask(path, _) = next(&target, "incident", &answers).unwrap() else { panic!() };
            asked.push(testing::decoded(&path));
            answers.push(Some(answer.to_string().into_bytes()));
        }
        assert!(asked[1].contains("name=task"), "{asked:?}");
        assert!(asked[2].contains("nameINincident,task^elementISNOTEMPTY"), "{asked:?}");
        let Step::Done(Known::Fields(fields)) = next(&target, "incident", &answers).unwrap() else {
            panic!()
        };
        assert_eq!(fields["caller_id"].as_ref().map(|relation| relation.object.as_str()), Some("sys_user"));
        assert_eq!(fields["number"], None);
        assert!(!fields.contains_key("hidden"), "the account may not read it");
        assert!(asked[3].contains("table/incident?sysparm_limit=1"), "{asked:?}");
        // Without a record nothing is known of that.
        answers[3] = Some(json!({"result": []}).to_string().into_bytes());
        let Ok(Step::Done(Known::Fields(fields))) = next(&target, "incident", &answers) else { panic!() };
        assert!(fields.contains_key("hidden"));
        let nothing = [Some(json!({"result": []}).to_string().into_bytes())];
        assert_eq!(next(&target, "nonsense", &nothing), Ok(Step::Done(Known::NoSuchObject(Vec::new()))));
    }
}
