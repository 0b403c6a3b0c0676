//! Paths of OData services, and the rows of their answers.

use serde_json::Value;

use crate::record::Unreadable;

/// Where the services of the gateway are; those of OData version 4 have paths of their own, which mappings write whole.
const SERVICES: &str = "/sap/opu/odata/sap";

/// The path of an entity set as mappings write it: `SERVICE/SET`, or a path that begins with `/`.
pub(super) fn path(object: &str) -> String {
    if object.starts_with('/') { object.to_owned() } else { format!("{SERVICES}/{object}") }
}

/// The path of an entity set beside this one, in the same service.
pub(super) fn beside(object: &str, set: &str) -> String {
    format!("{}/{set}", service(object))
}

/// The path of the service of an entity set.
pub(super) fn service(object: &str) -> String {
    let path = path(object);
    path.rsplit_once('/').map_or_else(String::new, |(service, _)| service.to_owned())
}

/// The rows of a page, as version 2 and version 4 write them.
pub(super) fn rows(page: &Value) -> Result<&Vec<Value>, Unreadable> {
    let rows = page.pointer("/d/results").or_else(|| page.get("value"));
    rows.and_then(Value::as_array).ok_or_else(|| Unreadable::new("it has no list of results"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_of_both_versions_are_read() {
        assert_eq!(rows(&json!({"d": {"results": [1, 2]}})).unwrap().len(), 2);
        assert_eq!(rows(&json!({"value": [1]})).unwrap().len(), 1);
        assert!(rows(&json!({"d": {}})).is_err());
        assert!(rows(&Value::Null).is_err());
    }

    #[test]
    fn a_service_is_found_by_its_name_or_its_path() {
        assert_eq!(path("API_X/A_Y"), "/sap/opu/odata/sap/API_X/A_Y");
        assert_eq!(beside("API_X/A_Y", "A_Z"), "/sap/opu/odata/sap/API_X/A_Z");
        assert_eq!(service("/sap/opu/odata4/sap/x/0001/Y"), "/sap/opu/odata4/sap/x/0001");
    }
}
