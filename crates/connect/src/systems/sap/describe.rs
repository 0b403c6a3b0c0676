//! The properties of an entity set, by the `$metadata` of its service.

use roxmltree::{Document, Node};
use trunkline_config::Target;

use super::service;
use crate::description::{Fields, Known, Step};
use crate::record::Unreadable;

pub(super) fn next(_target: &Target, object: &str, answers: &[Option<Vec<u8>>]) -> Result<Step, Unreadable> {
    match answers.last() {
        None => Ok(Step::Ask(format!("{}/$metadata", service::service(object)), "application/xml")),
        Some(None) => Ok(Step::Done(Known::NoSuchObject(Vec::new()))),
        Some(Some(body)) => {
            let text = std::str::from_utf8(body).map_err(|_| Unreadable::new("it is no UTF-8"))?;
            let set = object.rsplit('/').next().unwrap_or(object);
            known(text, set).map(Step::Done)
        }
    }
}

/// The set's entity type is in one of the schemas; version 2 and version 4 write both alike, in other namespaces.
fn known(text: &str, set: &str) -> Result<Known, Unreadable> {
    let document =
        Document::parse(text).map_err(|error| Unreadable::new(format!("it is no XML: {error}")))?;
    let all = |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    let Some(found) = all("EntitySet").find(|node| node.attribute("Name") == Some(set)) else {
        let others = all("EntitySet").filter_map(|node| node.attribute("Name")).map(str::to_owned);
        return Ok(Known::NoSuchObject(others.collect()));
    };
    let wanted = found.attribute("EntityType").unwrap_or_default();
    let is_wanted = |node: &Node<'_, '_>| {
        let namespaces = node.ancestors().filter(|above| above.tag_name().name() == "Schema");
        let mut names =
            namespaces.flat_map(|schema| [schema.attribute("Namespace"), schema.attribute("Alias")]);
        let name = node.attribute("Name").unwrap_or_default();
        names.any(|namespace| namespace.is_some_and(|namespace| wanted == format!("{namespace}.{name}")))
    };
    let entity = all("EntityType").find(is_wanted);
    let entity = entity.ok_or_else(|| Unreadable::new(format!("it has no entity type '{wanted}'")))?;
    let properties = entity.children().filter(|node| node.tag_name().name() == "Property");
    let fields: Fields =
        properties.filter_map(|node| Some((node.attribute("Name")?.to_owned(), None))).collect();
    Ok(Known::Fields(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0">
        <edmx:DataServices><Schema Namespace="API_X" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
        <EntityType Name="A_YType"><Key><PropertyRef Name="Y"/></Key><Property Name="Y" Type="Edm.String"/>
        <NavigationProperty Name="to_Z"/></EntityType>
        <EntityContainer Name="c"><EntitySet Name="A_Y" EntityType="API_X.A_YType"/></EntityContainer>
        </Schema></edmx:DataServices></edmx:Edmx>"#;

    #[test]
    fn the_properties_of_a_sets_type_are_found() {
        let fields = Fields::from([("Y".to_owned(), None)]);
        assert_eq!(known(METADATA, "A_Y"), Ok(Known::Fields(fields)));
        assert_eq!(known(METADATA, "A_Z"), Ok(Known::NoSuchObject(vec!["A_Y".to_owned()])));
        assert!(known("<html>", "A_Y").is_err());
    }
}
