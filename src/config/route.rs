//! The keys that say how somebody is reached and as whom: `allow_private`, `proxy`, `ca_file`, `basic_auth`.

use std::{fs, sync::Arc};

use base64::prelude::{BASE64_STANDARD, Engine};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{
    secret::{Env, expand},
    section::{Section, shorten},
    source::without_secrets,
};
use crate::model::{HeaderPair, PrivateHost, Proxy, Route};

/// Largest file of certificates, in bytes.
const AUTHORITY_BYTES_MAX: usize = 1 << 20;

/// Longest name and password together, in bytes.
const CREDENTIALS_BYTES_MAX: usize = 1024;

/// The addresses of the operator's own network that may be reached.
pub(super) fn read_allow_private(section: &mut Section<'_>) -> Vec<PrivateHost> {
    let mut hosts = Vec::new();
    for found in section.strings("allow_private") {
        match PrivateHost::parse(found.value) {
            Some(host) => hosts.push(host),
            None => section.fault(
                "allow_private",
                format_args!("is `{}`, must be `host:port` such as `192.168.1.10:1200`", without_secrets(found.value)),
            ),
        }
    }
    hosts
}

/// The way to a source.
pub(super) fn read_route(section: &mut Section<'_>, env: Env<'_>) -> Route {
    Route { proxy: read_proxy(section, env), authority: read_authority(section) }
}

/// A proxy; its URL may hold a password and is never shown.
fn read_proxy(section: &mut Section<'_>, env: Env<'_>) -> Option<Proxy> {
    let found = section.string("proxy")?;
    let expanded = expand(found.value, env).map_err(|rule| section.fault("proxy", rule)).ok()?;
    let proxy = Proxy::parse(&expanded);
    if proxy.is_none() {
        section.fault(
            "proxy",
            "must be `http://HOST:PORT`, `socks5://HOST:PORT` or `socks5h://HOST:PORT`, with `NAME:PASSWORD@` where needed",
        );
    }
    proxy
}

/// A file of PEM certificates, relative to the folder of the file that names it.
fn read_authority(section: &mut Section<'_>) -> Option<Arc<[u8]>> {
    let found = section.string("ca_file")?;
    let folder = found.at.file.parent().unwrap_or(std::path::Path::new(""));
    let shown = shorten(found.value);
    let bytes = match fs::read(folder.join(found.value)) {
        Ok(bytes) => bytes,
        Err(error) => {
            section.fault("ca_file", format_args!("is `{shown}`, which cannot be read: {}", error.kind()));
            return None;
        }
    };
    let count = CertificateDer::pem_slice_iter(&bytes).try_fold(0, |count, certificate| certificate.map(|_| count + 1)).unwrap_or(0);
    if count == 0 || bytes.len() > AUTHORITY_BYTES_MAX {
        section.fault("ca_file", format_args!("is `{shown}`, must be a file of PEM certificates of at most 1 MiB"));
        return None;
    }
    Some(bytes.into())
}

/// `name:password` as the header that says it (RFC 7617). Neither is ever shown.
pub(super) fn read_basic_auth(section: &mut Section<'_>, headers: &[HeaderPair], env: Env<'_>) -> Option<HeaderPair> {
    let found = section.string("basic_auth")?;
    let expanded = expand(found.value, env).map_err(|rule| section.fault("basic_auth", rule)).ok()?;
    let has_header = headers.iter().any(|header| header.name == "authorization");
    let is_pair = expanded.contains(':') && expanded.len() <= CREDENTIALS_BYTES_MAX && !expanded.chars().any(char::is_control);
    if !is_pair {
        section.fault("basic_auth", format_args!("must be `NAME:PASSWORD` of at most {CREDENTIALS_BYTES_MAX} bytes"));
    } else if has_header {
        section.fault("basic_auth", "cannot stand beside `source.headers` `authorization`, keep one of them");
    }
    let value = format!("Basic {}", BASE64_STANDARD.encode(expanded));
    (is_pair && !has_header).then(|| HeaderPair { name: "authorization".to_owned(), value })
}
