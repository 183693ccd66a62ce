//! Time that stands still until everybody waits.

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

use kaspi_amocrm_plugin::ports::{Clock, LocalFuture};

/// A clock that stands still until everybody waits.
pub struct VirtualClock {
    start_ms: i64,
    elapsed_ms: Cell<u64>,
    sleepers: RefCell<BTreeMap<(u64, u64), Waker>>,
    count: Cell<u64>,
}

impl VirtualClock {
    /// Begins at that moment.
    pub fn new(start_ms: i64) -> Self {
        Self { start_ms, elapsed_ms: Cell::new(0), sleepers: RefCell::default(), count: Cell::new(0) }
    }

    pub fn advance(&self, by_ms: u64) {
        self.elapsed_ms.set(self.elapsed_ms.get() + by_ms);
    }

    /// Runs a future; whenever it waits, time jumps to the next sleeper.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            woken.0.store(false, Ordering::Relaxed);
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            if woken.0.load(Ordering::Relaxed) {
                continue;
            }
            let next = self.sleepers.borrow_mut().pop_first();
            let ((at, _), waker) = next.expect("a future that waits for nothing");
            self.elapsed_ms.set(self.elapsed_ms.get().max(at));
            waker.wake();
        }
    }
}

/// Whether a future wants to be asked again at once.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Sleep<'a> {
    clock: &'a VirtualClock,
    until: u64,
    key: Option<(u64, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.elapsed_ms.get() >= self.until {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            self.clock.count.set(self.clock.count.get() + 1);
            (self.until, self.clock.count.get())
        });
        self.key = Some(key);
        self.clock.sleepers.borrow_mut().insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.sleepers.borrow_mut().remove(&key);
        }
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        self.start_ms + i64::try_from(self.elapsed_ms.get()).expect("tests do not run for ages")
    }
    fn monotonic_ms(&self) -> u64 {
        self.elapsed_ms.get()
    }
    fn sleep(&self, duration_ms: u64) -> LocalFuture<'_, ()> {
        let until = self.elapsed_ms.get() + duration_ms;
        Box::pin(Sleep { clock: self, until, key: None })
    }
}
