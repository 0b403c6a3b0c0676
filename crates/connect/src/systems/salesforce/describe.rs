//! The fields of an object, by `describe`.

use serde_json::Value;
use trunkline_config::Target;

use crate::description::{Fields, Known, Relation, Step, json};
use crate::encode;
use crate::record::Unreadable;

pub(super) fn next(target: &Target, object: &str, answers: &[Option<Vec<u8>>]) -> Result<Step, Unreadable> {
    match answers.last() {
        None => {
            let object = encode::path_segment(object).map_err(|error| Unreadable::new(error.to_string()))?;
            Ok(Step::Ask(format!("{}/sobjects/{object}/describe", target.api_root()), "application/json"))
        }
        Some(None) => Ok(Step::Done(Known::NoSuchObject(Vec::new()))),
        Some(Some(body)) => fields(&json(body)?).map(|fields| Step::Done(Known::Fields(fields))),
    }
}

fn fields(description: &Value) -> Result<Fields, Unreadable> {
    let fields =
        description["fields"].as_array().ok_or_else(|| Unreadable::new("it has no list 'fields'"))?;
    let field = |field: &Value| {
        // A relation to one of several objects cannot be followed by the names of fields.
        let relation =
            match (field["relationshipName"].as_str(), field["referenceTo"].as_array().map(Vec::as_slice)) {
                (Some(name), Some([object])) => object
                    .as_str()
                    .map(|object| Relation { name: name.to_owned(), object: object.to_owned() }),
                _ => None,
            };
        Some((field["name"].as_str()?.to_owned(), relation))
    };
    Ok(fields.iter().filter_map(field).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_lead_to_objects() {
        let fields = fields(&serde_json::json!({"fields": [
            {"name": "Email", "relationshipName": null, "referenceTo": []},
            {"name": "AccountId", "relationshipName": "Account", "referenceTo": ["Account"]},
            {"name": "WhoId", "relationshipName": "Who", "referenceTo": ["Contact", "Lead"]},
        ]}))
        .unwrap();
        assert_eq!(fields["Email"], None);
        let account = Relation { name: "Account".to_owned(), object: "Account".to_owned() };
        assert_eq!(fields["AccountId"], Some(account));
        assert_eq!(fields["WhoId"], None);
    }
}
