//! A fingerprint of the settings that decide who is found in a target.

use serde_json::json;
use trunkline_config::{Identity, ProfileMapping, SearchBy, Target};
use xxhash_rust::xxh3::xxh3_64;

/// The fingerprint: XXH3 of the settings as JSON, the same in every build and on every machine. What is read of whoever
/// was found is left out, and so is what is configured of other targets: neither makes anybody somebody else. The first
/// element is counted up when a search of the same settings finds others than before.
pub(super) fn of(identity: &Identity, target: &Target) -> String {
    let Identity { contacts, by, sources, numbers, region, keep: _ } = identity;
    let by = by.iter().map(|by| match by {
        SearchBy::Number => "number",
        SearchBy::Phone => "phone",
        SearchBy::Email => "email",
    });
    let settings = json!([
        1,
        target.base_url,
        target.system.as_str(),
        target.profile.as_ref().map(searched),
        contacts,
        by.collect::<Vec<_>>(),
        sources.get(&target.name),
        numbers.as_ref().is_none_or(|targets| targets.contains(&target.name)),
        region,
    ]);
    format!("{:016x}", xxh3_64(settings.to_string().as_bytes()))
}

/// Where customers are searched.
fn searched(mapping: &ProfileMapping) -> serde_json::Value {
    let ProfileMapping { language: _, record, related } = mapping;
    let related = related.as_ref().map(|related| json!([related.object, related.key]));
    json!([
        record.object,
        record.id,
        record.key,
        record.phone,
        record.email,
        record.filter,
        // Without any, the number alone says who somebody is, and what belongs to it is asked for.
        record.fields.is_empty(),
        related,
    ])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn crm() -> Target {
        crate::testing::target_with_token("http://127.0.0.1:1")
    }

    #[test]
    fn it_is_the_same_in_every_build() {
        assert_eq!(of(&Identity::default(), &crm()), "cdcd440e7636559c");
    }

    #[test]
    fn only_what_decides_who_is_found_tells_settings_apart() {
        let some = Identity { region: Some("DE".to_owned()), ..Identity::default() };
        let known = of(&some, &crm());
        let with_mapping = |change: fn(&mut ProfileMapping)| {
            let mut target = crm();
            target.profile.as_mut().into_iter().for_each(change);
            of(&some, &target)
        };
        for unrelated in [
            of(&Identity { keep: Duration::from_secs(1), ..some.clone() }, &crm()),
            of(&Identity { sources: [("erp".to_owned(), "s4".to_owned())].into(), ..some.clone() }, &crm()),
            of(&Identity { numbers: Some(vec![crm().name, "erp".to_owned()]), ..some.clone() }, &crm()),
            of(&some, &Target { name: "other".to_owned(), ..crm() }),
            with_mapping(|mapping| {
                mapping.record.fields.pop_first();
            }),
        ] {
            assert_eq!(unrelated, known);
        }
        for decisive in [
            of(&Identity { by: vec![SearchBy::Email], ..some.clone() }, &crm()),
            of(
                &Identity { by: vec![SearchBy::Email, SearchBy::Phone, SearchBy::Number], ..some.clone() },
                &crm(),
            ),
            of(&Identity { contacts: Some("cloud".to_owned()), ..some.clone() }, &crm()),
            of(&Identity { sources: [(crm().name, "s1".to_owned())].into(), ..some.clone() }, &crm()),
            of(&Identity { numbers: Some(Vec::new()), ..some.clone() }, &crm()),
            of(&Identity { region: None, ..some.clone() }, &crm()),
            of(&some, &Target { base_url: "http://127.0.0.1:2".to_owned(), ..crm() }),
            with_mapping(|mapping| mapping.record.key.push('2')),
            with_mapping(|mapping| mapping.record.phone.push("Fax".to_owned())),
            with_mapping(|mapping| mapping.record.filter = Some("x".to_owned())),
            with_mapping(|mapping| mapping.record.fields.clear()),
        ] {
            assert_ne!(decisive, known);
        }
    }
}
