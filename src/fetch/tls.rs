//! What we trust: TLS by rustls with the machine's own roots and Mozilla's. Verification cannot be turned off.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::client::BadClient;

/// The TLS settings of a client. `extra_roots` are PEM certificates of authorities that the operator trusts beside the usual ones.
///
/// The machine's store is read as OpenSSL would find it (`SSL_CERT_FILE`, `SSL_CERT_DIR`); certificates in it that cannot be read are
/// passed over, as there are always some.
pub fn config<'a>(extra_roots: impl Iterator<Item = &'a [u8]>) -> Result<ClientConfig, BadClient> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra_roots.flat_map(CertificateDer::pem_slice_iter) {
        let certificate = certificate.map_err(|error| BadClient::Roots(error.to_string()))?;
        roots.add(certificate).map_err(|error| BadClient::Roots(error.to_string()))?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| BadClient::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
