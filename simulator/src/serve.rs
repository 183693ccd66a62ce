//! The HTTP shell: the world on a loopback port, by the clock on the wall.
//!
//! The only part with sockets, tasks and time. [`Delivery`] becomes what a client really meets: a body cut short, a
//! connection closed, silence.

use std::{
    convert::Infallible,
    future,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::Sleep,
};

use crate::{
    http::{Delivery, Request},
    kaspi,
    world::World,
};

/// How long a request that hangs is held where the client has no deadline (docs/apis/kaspi.md 8.3).
const HANG: Duration = Duration::from_secs(60);
/// Pause before a cut, so that what came before it leaves the buffers.
const CUT_PAUSE: Duration = Duration::from_millis(20);

/// A world that is being served; dropping it ends that and closes all connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// `http://127.0.0.1:PORT`, where amoCRM is.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base of Kaspi's API.
    pub fn kaspi_base_url(&self) -> String {
        format!("{}{}", self.base_url(), kaspi::BASE_PATH)
    }

    /// Address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves a world on that loopback port, 0 for any free one.
///
/// # Errors
/// When the port cannot be bound.
pub async fn serve(world: Arc<Mutex<World>>, port: u16) -> std::io::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(accept(listener, world));
    Ok(Server { address, task })
}

/// Milliseconds since 1970.
pub fn wall_clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

async fn accept(listener: TcpListener, world: Arc<Mutex<World>>) {
    // The set ends all connections when this task is dropped.
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(connection(stream, Arc::clone(&world)));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, world: Arc<Mutex<World>>) {
    // Small answers must not wait for more to send; where that cannot be set they only come later.
    stream.set_nodelay(true).unwrap_or_default();
    let service = service_fn(|request| answer(request, Arc::clone(&world)));
    // Errors here are those that were ordered (cut, lost) or a client that went away.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap_or_default();
}

/// The answer was ordered to be lost: the connection closes without one.
#[derive(Debug)]
struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this answer is lost on purpose")
    }
}

impl std::error::Error for Lost {}

async fn answer(
    request: hyper::Request<Incoming>,
    world: Arc<Mutex<World>>,
) -> Result<hyper::Response<CutBody>, Lost> {
    let (head, body) = request.into_parts();
    // A client that stops in the middle of its body never sent a request.
    let body = body.collect().await.map_err(|_| Lost)?.to_bytes().to_vec();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    };
    let reply = world.lock().unwrap_or_else(PoisonError::into_inner).handle(&request, wall_clock_ms());
    tokio::time::sleep(Duration::from_millis(reply.delay_ms)).await;
    let cut_at = match reply.delivery {
        Delivery::Whole => None,
        Delivery::Cut(bytes) => Some(bytes),
        Delivery::Lost => return Err(Lost),
        Delivery::Hang => {
            // Ends early when the client leaves: the connection drops this future.
            let _: Result<Infallible, _> = tokio::time::timeout(HANG, future::pending()).await;
            return Err(Lost);
        }
    };
    let mut builder = hyper::Response::builder().status(reply.response.status);
    for (name, value) in &reply.response.headers {
        builder = builder.header(name, value);
    }
    let body = CutBody { body: Some(reply.response.body.into()), cut_at, pause: None, length: 0 };
    builder.body(body.measured()).map_err(|_| Lost)
}

/// A body that says its whole length and may stop before it.
struct CutBody {
    body: Option<Bytes>,
    cut_at: Option<usize>,
    pause: Option<Pin<Box<Sleep>>>,
    length: u64,
}

impl CutBody {
    fn measured(mut self) -> Self {
        self.length = self.body.as_ref().map_or(0, |body| body.len() as u64);
        self
    }
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = Lost;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Lost>>> {
        if let Some(mut body) = self.body.take() {
            if let Some(bytes) = self.cut_at {
                body.truncate(bytes);
                self.pause = Some(Box::pin(tokio::time::sleep(CUT_PAUSE)));
            }
            if !body.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(body))));
            }
        }
        match &mut self.pause {
            Some(pause) => match pause.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Lost))),
                Poll::Pending => Poll::Pending,
            },
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.cut_at.is_none() && self.body.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[cfg(test)]
mod tests;
