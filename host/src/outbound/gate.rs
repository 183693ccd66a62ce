//! The last look before the first byte of a request leaves.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connect::Stream;
use crate::{clock::Moment, lease::Term};

/// Whether a request may still leave: within its own time, and while its run surely holds the connection.
///
/// A process may stand still at any point, for longer than its lease. So this is asked where the bytes are handed to
/// the network, and not only before a connection was waited for.
#[derive(Debug, Clone)]
pub struct Gate {
    began: Moment,
    total: Duration,
    term: Option<Term>,
    was_shut: Arc<AtomicBool>,
}

impl Gate {
    /// For a request that begins now and may take `total`; `term` is that of its run, where it has one.
    pub fn new(total: Duration, term: Option<Term>) -> Self {
        Self { began: Moment::now(), total, term, was_shut: Arc::default() }
    }

    /// Whether the request may leave now.
    pub fn is_open(&self) -> bool {
        self.began.elapsed() < self.total && !self.term.as_ref().is_some_and(Term::is_over)
    }

    /// Whether the request was turned back with no byte sent.
    pub(super) fn was_shut(&self) -> bool {
        self.was_shut.load(Ordering::Acquire)
    }
}

/// A connection whose first byte goes through a gate.
pub(super) struct Gated {
    stream: Stream,
    gate: Option<Gate>,
}

impl Gated {
    pub(super) fn new(stream: Stream, gate: Gate) -> Self {
        Self { stream, gate: Some(gate) }
    }
}

impl AsyncRead for Gated {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Gated {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(gate) = this.gate.as_ref().filter(|gate| !gate.is_open()) {
            gate.was_shut.store(true, Ordering::Release);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        if written.is_ready() {
            // What has begun to leave is sent whole.
            this.gate = None;
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
