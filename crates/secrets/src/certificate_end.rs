//! When the certificates of a secret end.
//!
//! Pure: functions of the input.

use trunkline_config::SecretForm;
use x509_parser::pem::Pem;

/// When what a secret holds is good no more, in seconds since 1970; `None` where it holds no certificates, or none that
/// can be read.
///
/// Of a certificate of our own that is when the first of it and those behind it ends, since a chain is as good as each
/// of them. Of authorities it is when the last one ends: a bundle often holds some that nobody needs any more.
pub(crate) fn end(form: SecretForm, pem: &str) -> Option<i64> {
    let certificates = Pem::iter_from_buffer(pem.as_bytes()).filter_map(Result::ok);
    let certificates = certificates.filter(|block| block.label == "CERTIFICATE");
    let ends = certificates
        .filter_map(|block| block.parse_x509().ok().map(|one| one.validity().not_after.timestamp()));
    match form {
        SecretForm::Certificate => ends.min(),
        SecretForm::Authorities => ends.max(),
        SecretForm::Text
        | SecretForm::RsaPrivateKey
        | SecretForm::PrivateKey
        | SecretForm::Key(_)
        | SecretForm::PublicKeys => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// 2030-01-01 in seconds since 1970.
    const YEAR_2030: i64 = 1_893_456_000;

    fn until(year: i32) -> String {
        let mut params = CertificateParams::new(vec!["trunkline".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn a_chain_ends_with_its_first_and_authorities_end_with_their_last() {
        let two = format!("# comment\n{}\n{}", until(2031), until(2030));
        assert_eq!(end(SecretForm::Certificate, &two), Some(YEAR_2030));
        assert_eq!(end(SecretForm::Authorities, &two), Some(YEAR_2030 + 365 * 24 * 60 * 60));
        assert_eq!(
            end(SecretForm::Certificate, two.trim_end()),
            Some(YEAR_2030),
            "without a last line break"
        );
        assert_eq!(end(SecretForm::Text, &two), None);
        assert_eq!(end(SecretForm::Certificate, "-----BEGIN CERTIFICATE-----\nMII"), None);
    }
}
