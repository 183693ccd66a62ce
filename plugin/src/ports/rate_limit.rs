//! Tickets in memory: at most so many requests in any second, whatever the answers take.
//!
//! A request needs a ticket, and a ticket rests for a second after its answer. Seven requests can therefore never
//! reach a server within one second of an eighth, without any assumption about clocks or the network: when the last
//! was sent, the seven others were answered more than a second ago or still out.

use std::cell::RefCell;

use super::clock::Clock;

/// How long a ticket rests after its answer.
const REST_MS: u64 = 1_000;
/// How long to wait where every ticket is out: only more callers than tickets get here.
const BUSY_WAIT_MS: u64 = 50;

/// The tickets of one server, for one run.
pub(crate) struct Pace<'a> {
    clock: &'a dyn Clock,
    /// Moments at which resting tickets are free; those that are out are not in here.
    resting: RefCell<Vec<u64>>,
}

impl<'a> Pace<'a> {
    /// `tickets` requests a second, none before `rest_ms` from now.
    pub(crate) fn new(clock: &'a dyn Clock, tickets: u32, rest_ms: u64) -> Self {
        let free_at = clock.monotonic_ms() + rest_ms;
        Self { clock, resting: RefCell::new(vec![free_at; tickets.max(1) as usize]) }
    }

    /// Waits for a ticket. It is free again a second after the returned guard is dropped.
    pub(crate) async fn ticket(&self) -> Ticket<'_, 'a> {
        loop {
            let earliest = {
                let mut resting = self.resting.borrow_mut();
                let at = (0..resting.len()).min_by_key(|i| resting[*i]);
                at.map(|i| resting.swap_remove(i))
            };
            match earliest {
                Some(free_at) => {
                    let wait_ms = free_at.saturating_sub(self.clock.monotonic_ms());
                    let ticket = Ticket { pace: self };
                    if wait_ms > 0 {
                        self.clock.sleep(wait_ms).await;
                    }
                    return ticket;
                }
                None => self.clock.sleep(BUSY_WAIT_MS).await,
            }
        }
    }
}

/// The right to send one request.
pub(crate) struct Ticket<'p, 'a> {
    pace: &'p Pace<'a>,
}

impl Drop for Ticket<'_, '_> {
    fn drop(&mut self) {
        let free_at = self.pace.clock.monotonic_ms() + REST_MS;
        self.pace.resting.borrow_mut().push(free_at);
    }
}
