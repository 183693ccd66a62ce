//! One run of a connection at a time, over all processes of a database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinHandle, time::Instant};

use crate::{
    base::clock::{Moment, millis},
    base::job::Job,
    base::shutdown::Stop,
    egress::{Hold, Term},
    store::{LeaseAnswer, LeaseRequest, Store, StoreError},
};

/// How often a waiting job looks whether the connection is free.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A connection that is ours. Renewed in the background until it is given back or dropped.
#[derive(Debug)]
pub struct Lease {
    store: Arc<dyn Store>,
    hold: Hold,
    lost: Arc<AtomicBool>,
    renewer: JoinHandle<()>,
}

impl Lease {
    /// Takes a connection, waiting up to `wait` for another run to end, or until asked to stop. `None` where it does
    /// not end: the job is noted as due then, and the other run does it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take(
        store: &Arc<dyn Store>,
        connection: &str,
        job: Job,
        ttl: Duration,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Option<Self>, StoreError> {
        let give_up = Instant::now() + wait;
        let holder = format!("process {}", std::process::id());
        let mut has_met = false;
        loop {
            let asked = Moment::now();
            // Noted once: the holder may do the job while this one still waits, and must not do it again at every look.
            let note_due = !has_met;
            let request = LeaseRequest { connection, job, note_due, holder: &holder, ttl_ms: millis(ttl) };
            if let LeaseAnswer::Taken(fence) = store.take_lease(request).await? {
                return Ok(Some(Self::hold(store.clone(), Hold { fence, term: Term::new(ttl, asked) })));
            }
            if Instant::now() + LOOK_AGAIN > give_up || stop.is_requested() {
                return Ok(None);
            }
            if !has_met {
                has_met = true;
                tracing::info!(connection, "waiting for another run of this connection to end");
            }
            // Only the wait is cut: a statement that is cut may have taken the lease.
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stop.requested() => {}
            }
        }
    }

    fn hold(store: Arc<dyn Store>, hold: Hold) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let renewer = tokio::spawn(renew(store.clone(), hold.clone(), lost.clone()));
        Self { store, hold, lost, renewer }
    }

    /// What the run carries.
    pub fn as_hold(&self) -> &Hold {
        &self.hold
    }

    /// Whether another run has taken over, or may have: nothing more can be done.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) || self.hold.term.is_over()
    }

    /// Takes the jobs that became due meanwhile; where there are none, the connection is given back.
    ///
    /// # Errors
    /// When the store fails, or another run has taken over.
    pub async fn take_due_or_release(&self) -> Result<Vec<Job>, StoreError> {
        self.store.take_due_or_release(&self.hold.fence).await
    }

    /// Gives the connection back at once.
    ///
    /// # Errors
    /// When the store fails; the lease ends by itself then.
    pub async fn release(self) -> Result<(), StoreError> {
        self.renewer.abort();
        self.store.release_lease(&self.hold.fence).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewer.abort();
    }
}

async fn renew(store: Arc<dyn Store>, Hold { fence, term }: Hold, lost: Arc<AtomicBool>) {
    let ttl = term.ttl;
    loop {
        tokio::time::sleep(ttl / 3).await;
        let asked = Moment::now();
        match store.renew_lease(&fence, millis(ttl)).await {
            Ok(true) => term.renew(asked),
            Ok(false) => {
                tracing::warn!(connection = fence.connection, "another run has taken this connection");
                lost.store(true, Ordering::Relaxed);
                return;
            }
            // Tried again in a third of the time; writes are fenced by the store in any case.
            Err(error) => tracing::warn!(connection = fence.connection, "cannot renew the lease: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Change;

    const NO_WAIT: Duration = Duration::ZERO;

    async fn store() -> (tempfile::TempDir, Arc<dyn Store>) {
        let folder = tempfile::tempdir().unwrap();
        let store =
            crate::store::open(&format!("sqlite://{}/l.sqlite", folder.path().display())).await.unwrap();
        store.migrate().await.unwrap();
        (folder, store)
    }

    async fn take(store: &Arc<dyn Store>, ttl_ms: u64, wait: Duration) -> Option<Lease> {
        let ttl = Duration::from_millis(ttl_ms);
        Lease::take(store, "default", Job::New, ttl, wait, &Stop::never()).await.unwrap()
    }

    #[tokio::test]
    async fn a_held_connection_is_busy_until_it_is_given_back() {
        let (_folder, store) = store().await;
        let first = take(&store, 60_000, NO_WAIT).await.unwrap();
        assert!(take(&store, 60_000, NO_WAIT).await.is_none());
        assert_eq!(first.take_due_or_release().await.unwrap(), [Job::New], "the one that met it is due");
        assert!(first.take_due_or_release().await.unwrap().is_empty());
        let second = take(&store, 60_000, NO_WAIT).await.unwrap();
        second.release().await.unwrap();
        assert!(take(&store, 60_000, NO_WAIT).await.is_some());
    }

    #[tokio::test]
    async fn a_waiting_job_gets_the_connection() {
        let (_folder, store) = store().await;
        let first = take(&store, 60_000, NO_WAIT).await.unwrap();
        // The store answers in order: the waiting job meets a held connection first.
        let (second, released) = tokio::join!(take(&store, 60_000, Duration::from_secs(30)), first.release());
        released.unwrap();
        let second = second.expect("the connection was given back");
        assert!(second.take_due_or_release().await.unwrap().is_empty(), "it took its own due note along");
    }

    #[tokio::test]
    async fn a_job_that_waits_is_noted_once() {
        let (_folder, store) = store().await;
        let first = take(&store, 60_000, NO_WAIT).await.unwrap();
        let (waiting, ()) = tokio::join!(take(&store, 60_000, Duration::from_secs(30)), async {
            assert_eq!(first.take_due_or_release().await.unwrap(), [Job::New]);
            // It goes on looking while the first one does its job.
            tokio::time::sleep(LOOK_AGAIN * 3).await;
            assert_eq!(first.take_due_or_release().await.unwrap(), []);
        });
        assert!(waiting.is_some());
    }

    #[tokio::test]
    async fn a_waiting_job_that_is_asked_to_stop_does() {
        let (_folder, store) = store().await;
        let _first = take(&store, 60_000, NO_WAIT).await.unwrap();
        let (stopper, stop) = crate::base::shutdown::stop();
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3_600));
        let (second, ()) =
            tokio::join!(Lease::take(&store, "default", Job::New, minute, hour, &stop), async {
                stopper.stop();
            });
        assert!(second.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_run_that_lost_its_connection_is_fenced() {
        let (_folder, store) = store().await;
        // The first run stands still: its lease is over before it is renewed.
        let asked = Moment::now();
        let request =
            LeaseRequest { connection: "default", job: Job::New, note_due: true, holder: "a", ttl_ms: 0 };
        let LeaseAnswer::Taken(fence) = store.take_lease(request).await.unwrap() else {
            panic!("nobody holds it")
        };
        let term = Term::new(Duration::from_millis(30), asked);
        let stale = Lease::hold(store.clone(), Hold { fence, term });
        let fresh = take(&store, 60_000, NO_WAIT).await.unwrap();
        let write = [Change::Set("k".to_owned(), vec![1])];
        assert!(matches!(
            store.write(&stale.as_hold().fence, "default", &write).await,
            Err(StoreError::Fenced)
        ));
        store.write(&fresh.as_hold().fence, "default", &write).await.unwrap();
        assert!(matches!(stale.take_due_or_release().await, Err(StoreError::Fenced)));
        // The renewal notices by itself.
        while !stale.lost.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_term_counts_from_before_the_lease_was_asked_for() {
        let hour = Duration::from_secs(3_600);
        let term = Term::new(hour, Moment::now());
        assert!(!term.is_over());
        assert!(Term::new(Duration::ZERO, Moment::now()).is_over());
        // The machine slept: only the clock of the day went on.
        let slept = Moment { wall: std::time::SystemTime::now() - 2 * hour, ..Moment::now() };
        term.renew(slept);
        assert!(term.is_over());
        term.renew(Moment::now());
        assert!(!term.is_over());
    }
}
