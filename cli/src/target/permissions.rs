//! What the account of a target must be allowed to do, by what is configured; the catalogue of systems says it.

use trunkline_config::{Config, Target};

/// What every configured use of a target needs: each with what it is needed for.
pub fn of(config: &Config, target: &Target) -> Vec<String> {
    let mut needed = Vec::new();
    let capabilities = target.system.capabilities();
    if let (Some(standard), Some(mapping)) = (capabilities.standard_profile, &target.profile)
        && config.enrichment.targets.contains(&target.name)
    {
        let objects = std::iter::once(mapping.record.object.as_str());
        let objects: Vec<&str> =
            objects.chain(mapping.related.as_ref().map(|related| related.object.as_str())).collect();
        needed.push(format!("profiles ({}): {}", objects.join(", "), standard.permissions));
        needed.push(format!("describe: {}", standard.describe_permissions));
    }
    if config.enrichment.identity.contacts.as_ref() == Some(&target.name) {
        needed.push(format!("external contacts: {}", capabilities.contacts_permissions));
    }
    for operation in capabilities.operations {
        let is_used = |rule: &trunkline_config::WriteBackRule| {
            rule.target == target.name && rule.operation == operation.name
        };
        if config.rules.write_backs.iter().any(is_used) {
            needed.push(format!("{}: {}", operation.name, operation.permissions));
        }
    }
    needed
}

/// What describing a target's objects needs.
pub fn of_description(target: &Target) -> &'static str {
    target.system.capabilities().standard_profile.map_or("nothing", |standard| standard.describe_permissions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_of_a_target_names_what_it_needs() {
        let text = r#"
            allow_env_secrets = true
            [kafka]
            brokers = "a:9092"
            [registry]
            url = "http://localhost:1"
            [targets.crm]
            system = "salesforce"
            org = "acme"
            base_url = "https://x.example"
            token_url = "https://x.example/token"
            client_id = "id"
            client_secret = "env:PATH"
            [targets.cloud]
            system = "genesys"
            org = "acme"
            base_url = "https://api.example"
            token_url = "https://login.example/oauth/token"
            client_id = "id"
            client_secret = "env:PATH"
            [enrichment]
            targets = ["crm"]
            [enrichment.identity]
            contacts = "cloud"
            [rules]
            default_queue = "q"
            [[rules.writeback]]
            id = "w"
            on = ["conversation.ended"]
            target = "crm"
            operation = "upsert"
            [rules.writeback.parameters]
            object = '"Case"'
            externalIdField = '"Key__c"'
            externalId = 'event.eventId'
            [rules.writeback.fields]
            Subject = '"x"'
        "#;
        let config = trunkline_config::parse(text, "trunkline.toml").unwrap();
        let needed = of(&config, &config.targets["crm"]);
        assert!(needed[0].starts_with("profiles (Account): OAuth scope 'api'"), "{needed:?}");
        assert_eq!(of(&config, &config.targets["cloud"]).len(), 1);
        assert!(of(&config, &config.targets["cloud"])[0].contains("externalContacts:contact:view"));
        assert!(needed[2].starts_with("upsert: "), "{needed:?}");
    }
}
