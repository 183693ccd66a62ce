//! Runs one future of the single-threaded guest and waits for pollables on behalf of all its parts.
//!
//! Wakers are real, so combinators that keep their own ready lists (`FuturesUnordered`, `buffer_unordered`,
//! `select`) work: only the parts whose pollable fired are polled again. The reactor knows no bindings; a host
//! resource comes in through [`Pollable`].

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Something that the host signals once.
pub(crate) trait Pollable {
    /// Blocks until at least one is ready; answers with their indexes, in any order.
    fn poll_any(pollables: &[&Self]) -> Vec<u32>;
}

/// All pollables that some part of the running future waits for.
pub(crate) struct Reactor<P> {
    waits: RefCell<BTreeMap<u64, Wait<P>>>,
    next_id: Cell<u64>,
}

struct Wait<P> {
    pollable: P,
    fired: bool,
    waker: Option<Waker>,
}

impl<P> Default for Reactor<P> {
    fn default() -> Self {
        Self { waits: RefCell::default(), next_id: Cell::new(0) }
    }
}

impl<P: Pollable> Reactor<P> {
    /// Completes when the pollable is ready. Dropping the future drops the pollable, which the host demands before
    /// the resource that it belongs to goes.
    pub(crate) fn ready(&self, pollable: P) -> Ready<'_, P> {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        self.waits.borrow_mut().insert(id, Wait { pollable, fired: false, waker: None });
        Ready { reactor: self, id }
    }

    /// Runs the future to its end.
    ///
    /// # Panics
    /// When the future waits for something that no pollable will ever announce: a bug that would hang for ever.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            while !woken.take() {
                self.wait();
            }
        }
    }

    /// Blocks until something fires and wakes whoever waits for it.
    fn wait(&self) {
        let mut wakers = Vec::new();
        {
            let mut waits = self.waits.borrow_mut();
            // What fired stays out: a part that is not polled for a while must not turn the wait into a busy loop.
            let (ids, pollables): (Vec<u64>, Vec<&P>) =
                waits.iter().filter(|(_, wait)| !wait.fired).map(|(id, wait)| (*id, &wait.pollable)).unzip();
            assert!(!pollables.is_empty(), "the run waits for something that no host call announces");
            let fired: Vec<u64> = P::poll_any(&pollables)
                .into_iter()
                .filter_map(|index| ids.get(index as usize).copied())
                .collect();
            for id in fired {
                if let Some(wait) = waits.get_mut(&id) {
                    wait.fired = true;
                    wakers.extend(wait.waker.take());
                }
            }
        }
        // Wakers are foreign code: called with nothing borrowed.
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// See [`Reactor::ready`].
#[must_use = "a wait does nothing unless awaited"]
pub(crate) struct Ready<'a, P> {
    reactor: &'a Reactor<P>,
    id: u64,
}

impl<P> Future for Ready<'_, P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut waits = self.reactor.waits.borrow_mut();
        match waits.get_mut(&self.id) {
            Some(wait) if !wait.fired => {
                if !wait.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                    wait.waker = Some(context.waker().clone());
                }
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

impl<P> Drop for Ready<'_, P> {
    fn drop(&mut self) {
        let wait = self.reactor.waits.borrow_mut().remove(&self.id);
        // Dropped here, after the borrow: a waker may own the last reference to other waits.
        drop(wait);
    }
}

/// Whether the outermost future wants to be polled again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Woken {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
