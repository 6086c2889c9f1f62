//! The connection loop: accept, serve HTTP/1.1 under limits, drain. `axum::serve` has the loop but none of the limits.

use std::{
    convert::Infallible,
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Response, StatusCode, Version, header},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    guests::{Guest, Guests},
    socket::{Phase, Socket},
};

/// A connection without a request is kept so long.
const IDLE: Duration = Duration::from_secs(60);

/// Bytes of a request's head, and of a read at a time.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Header lines of a request.
const HEADERS_MAX: usize = 64;

/// From the end of a request's head to the beginning of its answer.
const ANSWER: Duration = Duration::from_secs(30);

/// How long answers in flight are waited for at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// After a failed accept (no descriptors left), before the next one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is ready, then lets answers in flight finish. True if all of them did.
pub(super) async fn serve(listener: TcpListener, router: Router, connections_max: usize, shutdown: impl Future<Output = ()>) -> bool {
    let (guests, tasks, draining) = (Guests::new(connections_max), TaskTracker::new(), CancellationToken::new());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(guest) = guests.admit() {
                    tasks.spawn(attend(stream, peer, router.clone(), (guest, draining.clone())));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no connection accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    draining.cancel();
    tasks.close();
    tokio::time::timeout(DRAIN, tasks.wait()).await.is_ok()
}

/// Whether a client runs on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IsLocal(pub(super) bool);

impl IsLocal {
    /// A connection over loopback, or one from an address to itself: no other machine can complete that, and a daemon that listens
    /// on one outer address is reached by its own commands in no other way.
    fn of(peer: IpAddr, own: Option<IpAddr>) -> Self {
        Self(peer.to_canonical().is_loopback() || own == Some(peer))
    }
}

/// Serves one connection to its end. What goes wrong on it is the client's affair: nothing is logged.
async fn attend(stream: TcpStream, peer: SocketAddr, router: Router, (guest, draining): (Guest, CancellationToken)) {
    // Small answers should not wait for a client's acknowledgement; without this they are only slower.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let (phase, is_local) = (guest.phase.clone(), IsLocal::of(peer.ip(), stream.local_addr().ok().map(|own| own.ip())));
    let answer = service_fn(|mut request: hyper::Request<Incoming>| {
        phase.set(Phase::Busy);
        request.extensions_mut().insert(is_local);
        // An order may take as long as it takes, and only the operator gives orders.
        let patience = if request.uri().path().starts_with("/admin/") { Duration::from_secs(24 * 3600) } else { ANSWER };
        let is_addressed = is_addressed(&request);
        let (answer, phase) = (tokio::time::timeout(patience, service.call(request)), phase.clone());
        async move {
            let answer = if is_addressed { answer.await } else { Ok(Ok(status_only(StatusCode::BAD_REQUEST))) };
            phase.set(Phase::Idle);
            Ok::<_, Infallible>(match answer {
                Ok(Ok(response)) => without_length_of_nothing(response),
                Ok(Err(never)) => match never {},
                Err(_) => status_only(StatusCode::SERVICE_UNAVAILABLE),
            })
        }
    });
    let socket = TokioIo::new(Socket::new(stream, guest.phase.clone()));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(socket, answer)
    );
    let mut is_draining = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = guest.evicted.cancelled() => return,
            () = draining.cancelled(), if !is_draining => {
                is_draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Whether a request names one host, as HTTP/1.1 must (RFC 9112 section 3.2). Which one it names is nothing to us.
fn is_addressed(request: &hyper::Request<Incoming>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11)
}

/// A 304 has no content, and saying that it has 0 bytes of it would be wrong (RFC 9110 section 8.6).
fn without_length_of_nothing(mut response: Response<Body>) -> Response<Body> {
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::IsLocal;

    #[test]
    fn a_client_is_local_on_loopback_or_with_the_address_it_connected_to() {
        for (peer, own, wanted) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("::ffff:127.0.0.1", "::ffff:127.0.0.1", true),
            ("::1", "::1", true),
            ("192.0.2.2", "192.0.2.2", true),
            ("::ffff:192.0.2.2", "::ffff:192.0.2.2", true),
            ("192.0.2.3", "192.0.2.2", false),
            ("2001:db8::3", "2001:db8::2", false),
        ] {
            let own = Some(own.parse().expect("an address"));
            assert_eq!(IsLocal::of(peer.parse().expect("an address"), own), IsLocal(wanted), "{peer}");
        }
        assert_eq!(IsLocal::of("192.0.2.3".parse().expect("an address"), None), IsLocal(false));
    }
}
