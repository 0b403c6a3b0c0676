//! `$metadata` of a service: its entity sets and their properties, in EDMX.

use serde_json::Value;

use super::entity::Set;

/// The document of a service with these sets.
pub(super) fn document<'a>(service: &str, sets: impl Iterator<Item = (&'a str, &'a Set)>) -> String {
    let (mut types, mut container) = (String::new(), String::new());
    for (name, set) in sets {
        types.push_str(&format!("<EntityType Name=\"{name}Type\" sap:content-version=\"1\">"));
        for (property, value) in set.properties() {
            types
                .push_str(&format!("<Property Name=\"{property}\" Type=\"{}\"/>", edm_type(property, value)));
        }
        types.push_str("</EntityType>");
        container.push_str(&format!("<EntitySet Name=\"{name}\" EntityType=\"{service}.{name}Type\"/>"));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <edmx:Edmx Version=\"1.0\" xmlns:edmx=\"http://schemas.microsoft.com/ado/2007/06/edmx\" \
         xmlns:sap=\"http://www.sap.com/Protocols/SAPData\"><edmx:DataServices>\
         <Schema Namespace=\"{service}\" xmlns=\"http://schemas.microsoft.com/ado/2008/09/edm\">{types}\
         <EntityContainer Name=\"{service}_Entities\">{container}</EntityContainer>\
         </Schema></edmx:DataServices></edmx:Edmx>"
    )
}

fn edm_type(property: &str, value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "Edm.Boolean",
        Value::String(text) if text.starts_with("/Date(") => "Edm.DateTime",
        Value::String(text) if text.starts_with("PT") => "Edm.Time",
        _ if property.ends_with("Date") => "Edm.DateTime",
        _ if property.starts_with("Amount") => "Edm.Decimal",
        _ => "Edm.String",
    }
}
