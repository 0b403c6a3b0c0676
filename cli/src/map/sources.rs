//! Which sources payloads are taken to come from.

use anyhow::bail;
use trunkline_config::{Config, Ingest, Mistakes, Source, SourceKind, did_you_mean};

/// What payloads are mapped by.
pub(super) struct Sources {
    /// The limits of bodies.
    pub(super) ingest: Ingest,
    /// One, or one of each kind where it is not known which kind the payloads are of.
    pub(super) sources: Vec<Source>,
}

/// Reads a kind as the configuration writes it.
pub(super) fn kind(name: &str) -> Result<SourceKind, String> {
    let known = SourceKind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
        let names = SourceKind::ALL.map(SourceKind::as_str);
        format!("it is one of {}{}", names.join(", "), did_you_mean(name, names.into_iter()))
    })?;
    if !known.is_read_without_settings() {
        return Err(format!(
            "only a configuration says how payloads of kind '{known}' are read: use --config and --source"
        ));
    }
    Ok(known)
}

// === impl Sources ===

impl Sources {
    /// A source of a configuration.
    pub(super) fn configured(config: &Config, name: &str) -> anyhow::Result<Self> {
        let Some(source) = config.sources.get(name) else {
            let names = config.sources.keys().map(String::as_str);
            bail!("the configuration has no source '{name}'{}", did_you_mean(name, names));
        };
        Ok(Self { ingest: config.ingest.clone(), sources: vec![source.clone()] })
    }

    /// A source of one kind, or one of every kind that needs no settings, each with its settings at their defaults.
    pub(super) fn of_kind(kind: Option<SourceKind>, org: Option<&str>) -> Result<Self, Mistakes> {
        // Read as a configuration is, so that defaults are those of ingest.
        let mut text =
            String::from("kafka.brokers = 'localhost:9092'\nregistry.url = 'http://localhost:8081'\n");
        let kinds = SourceKind::ALL.into_iter().filter(|known| known.is_read_without_settings());
        for kind in kinds.filter(|known| kind.is_none_or(|kind| kind == *known)) {
            text += &format!("[sources.{kind}]\nkind = '{kind}'\norg = 'unknown'\nverify.method = 'none'\n");
        }
        let config = trunkline_config::parse(&text, "(defaults)")?;
        let with_org = |source| Source { org: org.map(ToOwned::to_owned), ..source };
        Ok(Self { ingest: config.ingest, sources: config.sources.into_values().map(with_org).collect() })
    }
}
