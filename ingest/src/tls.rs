//! TLS of the webhooks' listener. A certificate, key or authority that is replaced is used from the next connection on.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use trunkline_config::{ExposeSecret as _, ListenerTls, OwnCertificate, SecretHandle};
use trunkline_http::{NotUsable, Remade};

/// What is spoken within: HTTP/2 is not.
const HTTP_1_1: &[u8] = b"http/1.1";

/// Makes what takes TLS off a connection.
///
/// # Errors
/// [`NotUsable`] where certificate, key or authorities cannot be read, or the key is that of another certificate.
pub fn acceptor(tls: &ListenerTls) -> Result<Remade<TlsAcceptor>, NotUsable> {
    let (versions, tls) = (tls.clone(), tls.clone());
    Remade::new("the listener of webhooks", move || versions.version(), move || made_of(&tls))
}

fn made_of(tls: &ListenerTls) -> Result<TlsAcceptor, NotUsable> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| NotUsable::Client(error.to_string()))?;
    let OwnCertificate { certificate, key: own_key } = &tls.own;
    let chain = certificates(certificate, "certificate")?;
    let key = PrivateKeyDer::from_pem_slice(own_key.current().expose_secret().as_bytes())
        .map_err(|error| NotUsable::no_pem(own_key, "private key", error.to_string()))?;
    let builder = match &tls.client_ca {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let unusable = |reason: String| NotUsable::no_pem(authorities, "authorities", reason);
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities, "authorities")? {
                roots.add(authority).map_err(|error| unusable(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match tls.without_certificate {
                true => verifier.allow_unauthenticated(),
                false => verifier,
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| unusable(error.to_string()))?)
        }
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|error| NotUsable::Unfitting(error.to_string()))?;
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(
    secret: &SecretHandle,
    wanted: &'static str,
) -> Result<Vec<CertificateDer<'static>>, NotUsable> {
    let pem = secret.current();
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose_secret().as_bytes()).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(NotUsable::no_pem(secret, wanted, "there is none".to_owned()))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(NotUsable::no_pem(secret, wanted, error.to_string())),
    }
}
