//! The names of a certificate that a caller showed.
//!
//! Pure: functions of the input. That the certificate is of an authority that is trusted, and the caller has its key,
//! was proved to TLS before.

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The names of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateNames {
    /// DNS names (`subjectAltName`).
    pub dns: Vec<String>,
    /// URIs (`subjectAltName`).
    pub uris: Vec<String>,
    /// E-mail addresses (`subjectAltName`).
    pub emails: Vec<String>,
    /// Common names of the subject; what most have is one.
    pub common_names: Vec<String>,
    /// Organisations of the subject.
    pub organisations: Vec<String>,
}

// === impl CertificateNames ===

impl CertificateNames {
    /// Those of a certificate in DER; `None` where it cannot be read.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut names = Self::default();
        let subject = certificate.subject();
        let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            attribute.as_str().ok().map(str::to_owned)
        };
        names.common_names.extend(subject.iter_common_name().filter_map(text));
        names.organisations.extend(subject.iter_organization().filter_map(text));
        let alternatives = certificate.subject_alternative_name().ok()?;
        for name in alternatives.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
                GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                GeneralName::RFC822Name(email) => names.emails.push((*email).to_owned()),
                _ => {}
            }
        }
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    #[test]
    fn names_are_those_of_the_subject_and_its_alternatives() {
        let mut params = CertificateParams::new(vec!["hooks.acme.example".to_owned()]).unwrap();
        params.subject_alt_names.extend([
            SanType::URI("spiffe://acme/ns/prod/sa/genesys".try_into().unwrap()),
            SanType::Rfc822Name("hooks@acme.example".try_into().unwrap()),
            SanType::IpAddress("192.0.2.1".parse().unwrap()),
        ]);
        params.distinguished_name.push(DnType::CommonName, "genesys");
        params.distinguished_name.push(DnType::OrganizationName, "Acme");
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let names = CertificateNames::of(certificate.der()).unwrap();
        assert_eq!(
            names,
            CertificateNames {
                dns: vec!["hooks.acme.example".to_owned()],
                uris: vec!["spiffe://acme/ns/prod/sa/genesys".to_owned()],
                emails: vec!["hooks@acme.example".to_owned()],
                common_names: vec!["genesys".to_owned()],
                organisations: vec!["Acme".to_owned()],
            }
        );
        assert_eq!(CertificateNames::of(&certificate.der()[1..]), None);
    }
}
