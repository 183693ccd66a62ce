//! Connections of browsers and crontabs, and what they may take of this process.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use super::{app::state::Site, auth::client_ip::Peer, router::router};
use crate::base::shutdown::Stop;

/// Connections at once; further ones wait in the queue of the operating system.
const CONNECTIONS_MAX: usize = 256;
/// The head of a request has to come within this, on a quiet connection too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Headers of one request, and bytes of its head.
const HEADERS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// After a connection could not be accepted: this process may have no file left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Answers requests until it is time to end.
pub async fn serve(site: Arc<Site>, listener: TcpListener, stop: Stop) {
    answer_connections(router(site, stop.clone()), listener, stop).await;
}

/// Says where the server listens, for people.
pub fn announce(address: SocketAddr) {
    tracing::info!("listening on http://{address}");
}

/// Answers until it is time to end; answers under way are finished.
async fn answer_connections(router: Router, listener: TcpListener, stop: Stop) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = stop.requested() => break,
        };
        match accepted {
            Ok((stream, peer, slot)) => {
                connections.spawn(connection(stream, peer, router.clone(), stop.clone(), slot));
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, Peer(address.ip()), slot))
}

async fn connection(stream: TcpStream, peer: Peer, router: Router, stop: Stop, _slot: OwnedSemaphorePermit) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = Box::pin(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}
