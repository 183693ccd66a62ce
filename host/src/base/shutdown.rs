//! The wish to end, from a signal or from an embedder.

use tokio::sync::watch;

/// Says that it is time to end.
#[derive(Debug)]
pub struct Stopper {
    sender: watch::Sender<bool>,
}

/// Hears about it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop {
    receiver: watch::Receiver<bool>,
}

/// A pair of them.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper { sender }, Stop { receiver })
}

impl Stopper {
    /// Asks everything to end.
    pub fn stop(&self) {
        // Nobody listening is nobody to end.
        let _ = self.sender.send(true);
    }

    /// Waits for SIGINT or SIGTERM and passes it on, then waits for another one. Answers with the exit code for a
    /// program that was asked twice and should end at once.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub async fn stop_on_signals(self) -> std::io::Result<i32> {
        let mut signals = Signals::listen()?;
        signals.next().await;
        tracing::info!("ending; requests under way are finished first");
        self.stop();
        Ok(128 + signals.next().await)
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The number of the next one.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => libc::SIGINT,
            _ = self.terminate.recv() => libc::SIGTERM,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        2
    }
}

impl Stop {
    /// One that is never asked to end.
    pub fn never() -> Self {
        stop().1
    }

    /// Whether it is time.
    pub fn is_requested(&self) -> bool {
        *self.receiver.borrow()
    }

    /// Waits until it is.
    pub async fn requested(&self) {
        let mut receiver = self.receiver.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() && !self.is_requested() {
            // The stopper is gone: nobody will ever ask.
            std::future::pending::<()>().await;
        }
    }
}
