//! Bodies: codings, caps, bombs, and connections that end in the middle.

use super::*;
use crate::support::reply::{brotli, gzip};

#[tokio::test]
async fn codings_are_undone_in_every_spelling_and_only_once() {
    let origin = Origin::start().await;
    let coded = |body: Vec<u8>, coding: &str| Reply::ok(body).header("content-encoding", coding);
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, FEED.as_bytes()).expect("coded");
        encoder.finish().expect("coded")
    };
    let bare = zlib[2..zlib.len() - 4].to_vec();
    for coding in ["gzip", "GZIP", "x-gzip", "X-GZip", "identity, gzip"] {
        assert_eq!(try_reply(&origin, coded(gzip(FEED.as_bytes()), coding)).await.expect(coding).body, FEED, "{coding}");
    }
    for (body, coding) in [
        (brotli(FEED.as_bytes()), "br"),
        (brotli(FEED.as_bytes()), "BR"),
        (zlib.clone(), "deflate"),
        (bare, "Deflate"),
        (FEED.into(), "identity"),
        (FEED.into(), ""),
        ([gzip(&FEED.as_bytes()[..9]), gzip(&FEED.as_bytes()[9..])].concat(), "gzip"),
        ([gzip(FEED.as_bytes()), b"\0\0trailing".to_vec()].concat(), "gzip"),
    ] {
        let slow = coded(body.clone(), coding).drip(7, Duration::ZERO);
        assert_eq!(try_reply(&origin, slow).await.expect(coding).body, FEED, "{coding}");
        assert_eq!(try_reply(&origin, coded(body, coding).chunked()).await.expect(coding).body, FEED, "{coding}");
    }
    for (body, coding) in [
        (gzip(&gzip(FEED.as_bytes())), "gzip, gzip"),
        (gzip(FEED.as_bytes()), "gzip, br"),
        (FEED.into(), "zstd"),
        (FEED.into(), "gzip"),
        (FEED.into(), "br"),
        (gzip(FEED.as_bytes())[..20].to_vec(), "gzip"),
        (brotli(FEED.as_bytes())[..20].to_vec(), "br"),
        (zlib[..20].to_vec(), "deflate"),
        (b"x".to_vec(), "deflate"),
    ] {
        let failure = try_reply(&origin, coded(body, coding)).await;
        assert!(matches!(failure, Err(Failure::BrokenBody(_))), "{coding}: {failure:?}");
    }
    assert_eq!(try_reply(&origin, coded(Vec::new(), "gzip")).await, Err(Failure::Empty));
}

#[tokio::test]
async fn the_cap_holds_at_its_very_byte() {
    let origin = Origin::start().await;
    let bytes_max = limits().body_bytes_max;
    let too_large = Err(Failure::TooLarge { bytes_max });
    let fits = vec![b'x'; usize::try_from(bytes_max).expect("small")];
    let over = [fits.as_slice(), b"x"].concat();
    for wrap in [Reply::ok, |body: Vec<u8>| Reply::ok(body).chunked(), |body: Vec<u8>| Reply::gzip(body)] {
        assert_eq!(try_reply(&origin, wrap(fits.clone())).await.expect("fits").body.len(), fits.len());
        assert_eq!(try_reply(&origin, wrap(over.clone())).await, too_large);
    }
    let endless = Reply::ok(vec![b'x'; 10_000]).endless();
    assert_eq!(try_reply(&origin, endless).await, too_large);
    // The length alone is enough: not one byte of this body ever comes.
    let announced = Reply::status(200).announcing(over.len());
    let head_bytes = announced.head_bytes();
    assert_eq!(try_reply(&origin, announced.cut(head_bytes, Cut::Hang)).await, too_large);
}

#[tokio::test]
#[ignore = "run alone, by `bombs_stay_small`"]
async fn bombs() {
    let origin = Origin::start().await;
    let (zeros, chunk) = (200 << 20, vec![0; 1 << 20]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut coded = Vec::new();
    let mut brotli = brotli::CompressorWriter::new(&mut coded, 4096, 1, 22);
    for _ in 0..zeros / chunk.len() {
        std::io::Write::write_all(&mut encoder, &chunk).expect("coded");
        std::io::Write::write_all(&mut brotli, &chunk).expect("coded");
    }
    drop(brotli);
    origin.on("/gzip", Reply::ok(encoder.finish().expect("coded")).header("content-encoding", "gzip"));
    origin.on("/br", Reply::ok(coded).header("content-encoding", "br"));
    let client = client();
    let before = peak_kib();
    for path in ["/gzip", "/br"] {
        let mut request = request(&origin.url(path), &[&origin]);
        request.limits.body_bytes_max = 10 << 20;
        assert_eq!(client.fetch(request).await, Err(Failure::TooLarge { bytes_max: 10 << 20 }), "{path}");
    }
    let grown = peak_kib() - before;
    assert!(grown < 32 << 10, "grew by {grown} KiB");
}

#[test]
fn bombs_stay_small() {
    run_alone("bodies::bombs", &[]);
}

/// The largest this process has ever been.
pub fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

#[tokio::test]
async fn a_connection_cut_at_any_byte_is_a_named_failure() {
    let origin = Origin::start().await;
    let whole = Reply::ok(FEED).header("etag", "\"1\"");
    let message_bytes = whole.message(b"").len();
    let client = client();
    for reply in [whole.clone(), Reply::gzip(FEED), Reply::ok(FEED).chunked()] {
        let (head_bytes, message_bytes) = (reply.head_bytes(), reply.message(b"").len());
        for (at, how) in (0..message_bytes).flat_map(|at| [(at, Cut::Close), (at, Cut::Reset)]) {
            origin.on("/cut", reply.clone().cut(at, how));
            let seen = origin.requests("/cut").len();
            let failure = client.fetch(request(&origin.url("/cut"), &[&origin])).await.expect_err("a failure");
            // A reset may overtake the bytes before it.
            let fits = match failure {
                Failure::Connect(_) => at < head_bytes || how == Cut::Reset,
                Failure::BrokenBody(_) => true,
                _ => false,
            };
            assert!(fits, "{how:?} at {at} of {head_bytes} + {}: {failure:?}", message_bytes - head_bytes);
            assert_eq!(origin.requests("/cut").len(), seen + 1, "no retry");
        }
    }
    origin.on("/cut", whole.cut(message_bytes, Cut::Close));
    assert_eq!(client.fetch(request(&origin.url("/cut"), &[&origin])).await.expect("whole").body, FEED);
    // Shorter than announced is broken; without any announcement the end is the end.
    assert!(matches!(
        try_reply(&origin, Reply::ok(FEED).announcing(FEED.len() + 1).cut(4096, Cut::Close)).await,
        Err(Failure::BrokenBody(_))
    ));
    assert_eq!(try_reply(&origin, Reply::ok(FEED).until_close()).await.expect("a feed").body, FEED);
}
