//! From when to when the certificate of a connection holds.

use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::model::{Timestamp, Validity};

/// The validity of the certificate that the other side showed (RFC 5280 section 4.1.2.5); none without TLS.
pub fn of_connection(answer: &reqwest::Response) -> Option<Validity> {
    answer.extensions().get::<reqwest::tls::TlsInfo>()?.peer_certificate().and_then(validity)
}

fn validity(der: &[u8]) -> Option<Validity> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let x509_parser::certificate::Validity { not_before, not_after } = certificate.validity();
    Some(Validity { from: Timestamp::from_secs(not_before.timestamp()), until: Timestamp::from_secs(not_after.timestamp()) })
}
