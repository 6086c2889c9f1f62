//! Content codings: which one a client prefers, and how bodies get into it (RFC 9110 section 12.5.3).

use std::io::Write as _;

use axum::http::{HeaderMap, header};
use flate2::{Compression, GzBuilder};

/// A coding that is kept ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    Identity,
    /// gzip (RFC 1952).
    Gzip,
    /// Brotli (RFC 7932).
    Brotli,
}

impl Coding {
    /// Every coding.
    pub(super) const ALL: [Self; 3] = [Self::Identity, Self::Gzip, Self::Brotli];

    /// Its name in `Content-Encoding`; the identity is not named.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// A body, handed over in parts, in this coding. The same parts give the same bytes: no file name, no time.
    pub(super) fn encode<'a>(self, mut parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        const MEMORY: &str = "writing to memory does not fail";
        match self {
            Self::Identity => parts.collect::<Vec<_>>().concat(),
            Self::Gzip => {
                let mut encoder = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
                parts.try_for_each(|part| encoder.write_all(part)).expect(MEMORY);
                encoder.finish().expect(MEMORY)
            }
            Self::Brotli => {
                let mut coded = Vec::new();
                let mut encoder = brotli::CompressorWriter::new(&mut coded, 32 << 10, 5, 22);
                parts.try_for_each(|part| encoder.write_all(part)).expect(MEMORY);
                drop(encoder);
                coded
            }
        }
    }
}

/// The coding a client likes best; among equals the smallest body. What cannot be satisfied or read gets the identity, which
/// every client understands.
pub(super) fn choose(request: &HeaderMap) -> Coding {
    let (mut gzip, mut brotli, mut identity, mut other) = (None, None, None, None);
    for member in request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')) {
        let mut parts = member.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts.map(str::trim).find_map(weight_of).unwrap_or(1000);
        let slot = match name.as_str() {
            "gzip" | "x-gzip" => &mut gzip,
            "br" => &mut brotli,
            "identity" => &mut identity,
            "*" => &mut other,
            _ => continue,
        };
        *slot = Some(weight);
    }
    let identity = identity.unwrap_or(if other == Some(0) { 0 } else { 1 });
    let candidates =
        [(brotli.or(other).unwrap_or(0), Coding::Brotli), (gzip.or(other).unwrap_or(0), Coding::Gzip), (identity, Coding::Identity)];
    let best = candidates.iter().map(|(weight, _)| *weight).max().unwrap_or(0);
    candidates.iter().find(|(weight, _)| *weight == best && best > 0).map_or(Coding::Identity, |(_, coding)| *coding)
}

/// The weight in thousandths of a `q=` parameter; one that cannot be read counts as zero.
fn weight_of(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value: f32 = value.trim().parse().unwrap_or(0.0);
    // The range is 0 to 1000 after the clamp; a NaN becomes 0.
    Some((value.clamp(0.0, 1.0) * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{
        Coding::{self, Brotli, Gzip, Identity},
        choose,
    };

    #[test]
    fn the_smallest_body_that_is_wanted_is_sent() {
        for (value, wanted) in [
            ("gzip, deflate, br, zstd", Brotli),
            ("gzip, deflate", Gzip),
            ("GZIP", Gzip),
            ("x-gzip", Gzip),
            ("gzip;q=1.0, br;q=0.5", Gzip),
            ("br;q=0.9, gzip;q=0.9", Brotli),
            ("gzip;q=0", Identity),
            ("gzip;q=0, *", Brotli),
            ("gzip; Q=0 , br ; q=0.000", Identity),
            ("*", Brotli),
            ("*;q=0", Identity),
            ("identity;q=0, *;q=0", Identity),
            ("identity, gzip;q=0.1", Identity),
            ("identity;q=0, gzip;q=0.001", Gzip),
            ("gzip;q=nonsense", Identity),
            ("gzip;q=NaN", Identity),
            ("zstd", Identity),
            ("", Identity),
            (",;,", Identity),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(value).expect("a value"))]);
            assert_eq!(choose(&headers), wanted, "{value}");
        }
        assert_eq!(choose(&HeaderMap::new()), Identity);
    }

    #[test]
    fn coded_bodies_are_smaller_repeatable_and_read_back() {
        let body = "烽火 <p>beacon</p>".repeat(500).into_bytes();
        for coding in [Coding::Gzip, Coding::Brotli] {
            let coded = coding.encode(body.chunks(700));
            assert_eq!(coded, coding.encode(body.chunks(700)));
            assert!(coded.len() < body.len() / 10);
            let mut decoded = Vec::new();
            match coding {
                Coding::Gzip => flate2::read::GzDecoder::new(&coded[..]).read_to_end(&mut decoded).expect("gzip"),
                _ => brotli::Decompressor::new(&coded[..], 4096).read_to_end(&mut decoded).expect("brotli"),
            };
            assert_eq!(decoded, body);
        }
    }
}
