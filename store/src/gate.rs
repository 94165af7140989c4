//! So many at once, the others in the order in which they came.

use futures::channel::oneshot;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A gate that lets a number of tasks in.
#[derive(Debug)]
pub struct Gate(Mutex<Queue>);

#[derive(Debug)]
struct Queue {
    n_free: usize,
    waiting: VecDeque<oneshot::Sender<Pass>>,
}

/// The right to be inside; dropping it lets the next one in.
#[derive(Debug)]
pub struct Pass(Option<Arc<Gate>>);

impl Gate {
    /// A gate for `n_inside` tasks at once, at least one.
    pub fn new(n_inside: usize) -> Arc<Gate> {
        Arc::new(Gate(Mutex::new(Queue { n_free: n_inside.max(1), waiting: VecDeque::new() })))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place. One who stops waiting loses his turn and holds up nobody.
    pub async fn enter(self: &Arc<Self>) -> Pass {
        let turn = {
            let mut queue = self.queue();
            if queue.n_free > 0 {
                queue.n_free -= 1;
                return Pass(Some(Arc::clone(self)));
            }
            let (sender, turn) = oneshot::channel();
            queue.waiting.push_back(sender);
            turn
        };
        // The sender lives in the gate, which this task holds: it is never dropped unused.
        turn.await.unwrap_or(Pass(None))
    }

    fn leave(self: Arc<Self>) {
        let mut pass = Pass(Some(Arc::clone(&self)));
        loop {
            let next = {
                let mut queue = self.queue();
                match queue.waiting.pop_front() {
                    Some(next) => next,
                    None => {
                        queue.n_free += 1;
                        break;
                    }
                }
            };
            match next.send(pass) {
                Ok(()) => return,
                // He gave up waiting; the place is for the one after him.
                Err(returned) => pass = returned,
            }
        }
        // The place is free already, and its pass must not free it once more.
        pass.0 = None;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn those_who_wait_come_in_order_and_those_who_left_are_passed_over() {
        let gate = Gate::new(1);
        let first = gate.enter().now_or_never().unwrap();
        let mut second = Box::pin(gate.enter());
        let mut third = Box::pin(gate.enter());
        let mut fourth = Box::pin(gate.enter());
        assert!((&mut second).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        assert!((&mut fourth).now_or_never().is_none());
        drop(second);
        drop(first);
        assert!((&mut fourth).now_or_never().is_none());
        let inside = (&mut third).now_or_never().unwrap();
        assert!((&mut fourth).now_or_never().is_none());
        drop(inside);
        drop((&mut fourth).now_or_never().unwrap());
        assert!(gate.enter().now_or_never().is_some());
        assert_eq!(gate.queue().n_free, 1);
    }

    #[test]
    fn a_turn_that_came_and_was_not_taken_goes_on() {
        let gate = Gate::new(1);
        let first = gate.enter().now_or_never().unwrap();
        let mut second = Box::pin(gate.enter());
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        drop(second);
        assert!(gate.enter().now_or_never().is_some());
    }
}
