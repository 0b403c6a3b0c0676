//! Proof by the certificate that a connection showed (mutual TLS).
//!
//! That it is of an authority of `client_ca`, and the caller has its key, was proved when the connection began.

use trunkline_config::{NamePattern, SubjectRule};

use super::Failure;
use crate::certificate_names::CertificateNames;

/// Whose certificates are accepted.
pub struct Certificate {
    subjects: Vec<SubjectRule>,
}

// === impl Certificate ===

impl Certificate {
    /// Accepts each of these subjects.
    pub fn new(subjects: &[SubjectRule]) -> Self {
        Self { subjects: subjects.to_vec() }
    }

    /// Looks at the certificate of a request's connection.
    pub fn check(&self, shown: Option<&CertificateNames>) -> Result<(), Failure> {
        let names = shown.ok_or(Failure::Missing)?;
        if self.subjects.iter().any(|rule| is(rule, names)) { Ok(()) } else { Err(Failure::Mismatch) }
    }
}

/// Whether a certificate has every name that a rule asks for.
fn is(rule: &SubjectRule, names: &CertificateNames) -> bool {
    let has = |pattern: &Option<NamePattern>, names: &[String]| {
        pattern.as_ref().is_none_or(|pattern| names.iter().any(|name| pattern.matches(name)))
    };
    has(&rule.dns, &names.dns)
        && has(&rule.uri, &names.uris)
        && has(&rule.email, &names.emails)
        && has(&rule.common_name, &names.common_names)
        && has(&rule.organisation, &names.organisations)
}
