//! The last look before the first byte of a request leaves.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{connect::Stream, error::SendError, lease_guard::Term};
use crate::base::clock::Moment;

/// Whether a request may still leave: within its own time, and while its run surely holds the connection.
///
/// A process may stand still at any point, for longer than its lease. So this is asked where the bytes are handed to
/// the network, and not only before a connection was waited for.
#[derive(Debug, Clone)]
pub struct Gate {
    began: Moment,
    total: Duration,
    term: Option<Term>,
    shut: Arc<OnceLock<SendError>>,
}

impl Gate {
    /// For a request that begins now and may take `total`; `term` is that of its run, where it has one.
    pub fn new(total: Duration, term: Option<Term>) -> Self {
        Self { began: Moment::now(), total, term, shut: Arc::default() }
    }

    /// Lets a request pass that may leave now.
    ///
    /// # Errors
    /// [`SendError::RunOver`] or [`SendError::TooLate`]: it must not leave any more.
    pub fn pass(&self) -> Result<(), SendError> {
        if self.term.as_ref().is_some_and(Term::is_over) {
            return Err(SendError::RunOver);
        }
        if self.began.elapsed() < self.total { Ok(()) } else { Err(SendError::TooLate) }
    }

    /// Why the request was turned back with no byte sent, where it was.
    pub(super) fn turned_back(&self) -> Option<SendError> {
        self.shut.get().copied()
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
        if let Some(gate) = &this.gate
            && let Err(why) = gate.pass()
        {
            gate.shut.get_or_init(|| why);
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
