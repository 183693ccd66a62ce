//! Who is next for a ticket of one account: the connections in turn, live orders before backfill.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

/// How soon something has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Orders of these days, and whoever waits for an answer.
    Live,
    /// Orders of long ago.
    Backfill,
}

/// The line in front of an account. Whoever has the turn asks the store for a ticket, the others wait behind.
#[derive(Debug, Default)]
pub(super) struct Line(Mutex<Waiting>);

/// The right to ask next; dropping it lets the next one ask.
#[derive(Debug)]
pub(super) struct Turn(Arc<Line>);

#[derive(Debug, Default)]
struct Waiting {
    is_taken: bool,
    live: Queues,
    backfill: Queues,
}

/// One queue for each connection that waits, in the order in which they get their turns. So a connection with much to
/// do takes one ticket for each that the others take, however many requests it has in line.
#[derive(Debug, Default)]
struct Queues(VecDeque<(Arc<str>, VecDeque<oneshot::Sender<Turn>>)>);

impl Line {
    /// Waits for the turn.
    pub(super) async fn turn(self: &Arc<Self>, connection: &Arc<str>, urgency: Urgency) -> Turn {
        let next = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !waiting.is_taken {
                waiting.is_taken = true;
                return Turn(self.clone());
            }
            match urgency {
                Urgency::Live => waiting.live.join(connection),
                Urgency::Backfill => waiting.backfill.join(connection),
            }
        };
        next.await.expect("a turn is passed on to everybody who waits")
    }

    fn next(&self) -> Option<oneshot::Sender<Turn>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.live.next().or_else(|| waiting.backfill.next());
        waiting.is_taken = next.is_some();
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(next) = self.0.next() {
            // One that stopped waiting in this moment drops its turn in here, and so passes it on.
            drop(next.send(Self(self.0.clone())));
        }
    }
}

impl Queues {
    fn join(&mut self, connection: &Arc<str>) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        match self.0.iter_mut().find(|(name, _)| name == connection) {
            Some((_, queue)) => queue.push_back(sender),
            None => self.0.push_back((connection.clone(), VecDeque::from([sender]))),
        }
        receiver
    }

    /// The first that still waits; its connection goes to the end.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        while let Some((connection, mut queue)) = self.0.pop_front() {
            queue.retain(|sender| !sender.is_closed());
            let Some(next) = queue.pop_front() else { continue };
            if !queue.is_empty() {
                self.0.push_back((connection, queue));
            }
            return Some(next);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Waker},
    };

    use super::*;

    fn is_waiting<T>(future: &mut Pin<Box<impl Future<Output = T>>>) -> bool {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Who gets the turn, one after the other, when these have joined while another had it.
    async fn order(joined: &[(&str, Urgency)]) -> Vec<String> {
        let line = Arc::<Line>::default();
        let first = line.turn(&"first".into(), Urgency::Live).await;
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for (name, urgency) in joined {
            let (line, served, name): (_, _, Arc<str>) = (line.clone(), served.clone(), (*name).into());
            let urgency = *urgency;
            let mut turn = Box::pin(async move {
                let turn = line.turn(&name, urgency).await;
                served.lock().unwrap().push(name.to_string());
                drop(turn);
            });
            assert!(is_waiting(&mut turn), "somebody else has the turn");
            waiting.push(turn);
        }
        drop(first);
        while !waiting.is_empty() {
            waiting.retain_mut(is_waiting);
        }
        Arc::into_inner(served).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn connections_take_turns_however_much_they_ask_for() {
        use Urgency::Live;
        let joined = [("a", Live), ("a", Live), ("a", Live), ("b", Live), ("c", Live), ("b", Live)];
        assert_eq!(order(&joined).await, ["a", "b", "c", "a", "b", "a"]);
    }

    #[tokio::test]
    async fn live_orders_go_before_backfill() {
        use Urgency::{Backfill, Live};
        let joined = [("a", Backfill), ("a", Backfill), ("b", Live), ("a", Live), ("b", Backfill)];
        assert_eq!(order(&joined).await, ["b", "a", "a", "b", "a"]);
    }

    #[tokio::test]
    async fn who_stops_waiting_holds_nobody_up() {
        let line = Arc::<Line>::default();
        let name: Arc<str> = "a".into();
        let first = line.turn(&name, Urgency::Live).await;
        let mut gone = Box::pin(line.turn(&name, Urgency::Live));
        let mut late = Box::pin(line.turn(&name, Urgency::Live));
        let mut last = Box::pin(line.turn(&name, Urgency::Backfill));
        assert!(is_waiting(&mut gone) && is_waiting(&mut late) && is_waiting(&mut last));
        drop(gone);
        drop(first);
        // It was given the turn and never looked.
        drop(late);
        assert!(!is_waiting(&mut last));
    }
}
