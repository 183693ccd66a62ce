//! The wish to end, from a signal or from an embedder.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;

/// Says that it is time to end.
#[derive(Debug)]
pub struct Stopper {
    sender: watch::Sender<bool>,
    closing: Arc<AtomicBool>,
}

/// Hears about it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop {
    receiver: watch::Receiver<bool>,
    closing: Arc<AtomicBool>,
}

/// A pair of them.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    let closing = Arc::new(AtomicBool::new(false));
    (Stopper { sender, closing: closing.clone() }, Stop { receiver, closing })
}

impl Stopper {
    /// Asks everything to end.
    pub fn stop(&self) {
        self.closing.store(true, Ordering::Relaxed);
        // Nobody listening is nobody to end.
        let _ = self.sender.send(true);
    }

    /// Waits for SIGINT or SIGTERM and passes it on.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub async fn stop_on_signal(self) -> std::io::Result<()> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await?;
        tracing::info!("ending; requests under way are finished first");
        self.stop();
        Ok(())
    }
}

impl Stop {
    /// One that is never asked to end.
    pub fn never() -> Self {
        stop().1
    }

    /// Whether it is time.
    pub fn is_requested(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Waits until it is.
    pub async fn requested(&self) {
        let mut receiver = self.receiver.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() && !self.is_requested() {
            // The stopper is gone: nobody will ever ask.
            std::future::pending::<()>().await;
        }
    }

    /// A flag for what cannot wait for a future.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.closing.clone()
    }
}
