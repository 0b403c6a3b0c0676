//! The registry: registration, lookup, compatibility.

use trunkline_config::{Kafka, Registry as Settings};
use trunkline_kafka::schemas::{self, Change};
use trunkline_kafka::{Registry, RegistryError};
use trunkline_schemas::catalog::{EVENTS_ENRICHED, PROCESSOR_CHANGELOG, TOPICS};
use trunkline_schemas::codec::{Decoder, Encoder, Value};
use trunkline_schemas::{LeaseKind, QuotaLease};

use crate::cluster;

fn both(test: &str, auto_register: bool) -> Option<(Kafka, Settings)> {
    Some((cluster::kafka(test)?, cluster::registry(test, auto_register)?))
}

fn with_schemas() -> usize {
    TOPICS.iter().filter(|topic| topic.avro().is_some()).count()
}

#[tokio::test]
async fn schemas_are_registered_once_with_their_compatibility() {
    let Some((kafka, settings)) = both("register", true) else { return };
    let registry = Registry::new(&settings).unwrap();
    let ids = schemas::ids(&registry, &kafka).await.unwrap();
    assert_eq!(ids.iter().count(), with_schemas());
    assert_eq!(ids.get(PROCESSOR_CHANGELOG), None);

    let other = Registry::new(&settings).unwrap();
    assert_eq!(schemas::ids(&other, &kafka).await.unwrap(), ids);
    for topic in TOPICS.iter().filter(|topic| topic.avro().is_some()) {
        let subject = topic.subject(&kafka.prefix).unwrap();
        assert_eq!(
            other.compatibility(&subject).await.unwrap().as_deref(),
            Some("FULL_TRANSITIVE"),
            "{subject}"
        );
        let text = other.schema(ids.get(topic.name).unwrap()).await.unwrap();
        let same: [serde_json::Value; 2] =
            [&*text, topic.avro().unwrap().schema].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(same[0], same[1], "{subject}");
    }
    let plan = schemas::plan(&other, &kafka).await.unwrap();
    assert!(plan.iter().all(|step| !step.is_change()), "{plan:?}");
}

#[tokio::test]
async fn a_locked_registry_is_planned_and_applied_by_the_operator() {
    let Some((kafka, settings)) = both("locked", false) else { return };
    let registry = Registry::new(&settings).unwrap();
    let error = schemas::ids_of(&registry, &kafka, &[EVENTS_ENRICHED]).await.unwrap_err();
    assert!(
        matches!(&error, RegistryError::NotRegistered { subject } if subject.ends_with("events.enriched-value")),
        "{error}"
    );

    let plan = schemas::plan(&registry, &kafka).await.unwrap();
    assert!(plan.iter().all(|step| step.change == Change::Create), "{plan:?}");
    assert_eq!(plan.len(), with_schemas());
    let applied = schemas::apply(&registry, &plan).await.unwrap();
    let ids = schemas::ids(&registry, &kafka).await.unwrap();
    assert_eq!(applied.len(), with_schemas());
    assert_eq!(
        applied.get(&format!("{}events.enriched-value", kafka.prefix)).copied(),
        ids.get(EVENTS_ENRICHED)
    );
    let again = schemas::plan(&registry, &kafka).await.unwrap();
    assert!(again.iter().all(|step| matches!(step.change, Change::None { .. })), "{again:?}");
}

#[tokio::test]
async fn what_is_not_compatible_is_refused_and_what_is_gets_a_version() {
    let Some((kafka, settings)) = both("compatible", true) else { return };
    let registry = Registry::new(&settings).unwrap();
    let subject = format!("{}quota-value", kafka.prefix);
    let first = registry.register(&subject, QuotaLease::SCHEMA).await.unwrap();

    let mut schema: serde_json::Value = serde_json::from_str(QuotaLease::SCHEMA).unwrap();
    let fields = schema["fields"].as_array_mut().unwrap();
    fields.push(
        serde_json::json!({"name": "added", "type": ["null", "string"], "default": null, "doc": "Added."}),
    );
    let compatible = schema.to_string();
    schema["fields"].as_array_mut().unwrap().push(serde_json::json!({"name": "required", "type": "string"}));
    let incompatible = schema.to_string();

    assert!(!registry.is_compatible(&subject, &incompatible).await.unwrap());
    let error = registry.register(&subject, &incompatible).await.unwrap_err();
    assert!(matches!(error, RegistryError::Incompatible { .. }), "{error}");

    assert!(registry.is_compatible(&subject, &compatible).await.unwrap());
    let second = registry.register(&subject, &compatible).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(registry.register(&subject, QuotaLease::SCHEMA).await.unwrap(), first);

    // A record of the later version is decoded once its schema has been fetched by its id.
    let lease = QuotaLease {
        limit: "genesys/o/c/api".into(),
        kind: LeaseKind::Grant,
        holder: "sink-0".into(),
        role: "sink".into(),
        calls: 3,
        issued_at: 1,
        expires_at: None,
    };
    let mut bytes = Encoder::new(second).encode_to_vec(&lease).unwrap();
    bytes.push(0);
    let fresh = Registry::new(&settings).unwrap();
    let mut decoder = Decoder::<QuotaLease>::new();
    decoder.add_writer(second, &fresh.schema(second).await.unwrap()).unwrap();
    assert_eq!(decoder.decode(&bytes).unwrap(), lease);
}

#[tokio::test]
async fn an_id_that_no_schema_has_is_told() {
    let Some((_, settings)) = both("unknown", true) else { return };
    let error = Registry::new(&settings).unwrap().schema(2_000_000_000).await.unwrap_err();
    assert!(matches!(error, RegistryError::UnknownId { id: 2_000_000_000 }), "{error}");
}

#[tokio::test]
async fn instances_that_start_together_agree_on_the_ids() {
    let Some((kafka, settings)) = both("together", true) else { return };
    let starts = (0..4).map(|_| {
        let (registry, kafka) = (Registry::new(&settings).unwrap(), kafka.clone());
        async move { schemas::ids(&registry, &kafka).await.unwrap() }
    });
    let ids = futures_util::future::join_all(starts).await;
    assert!(ids.iter().all(|other| *other == ids[0]), "{ids:?}");
}
