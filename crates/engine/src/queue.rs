//! The bounded queue between callers and the writer. Bounded in bytes, because a batch weighs more than an event.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::submission::{Failure, Submission, Weight};

/// How much may wait for the writer, in bytes. At 100,000 events a second this is some two seconds' worth: beyond it
/// a caller is better served by an honest "later" than by a longer wait.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What is kept free of that for ending what was begun (captures, voids), in bytes.
pub const QUEUE_RESERVE_BYTES: usize = 8 * 1024 * 1024;

/// Callers push, the writer takes everything at once.
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    arrived: Condvar,
    bytes_max: usize,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Submission>,
    weight: Weight,
    writer_sleeps: bool,
    is_closed: bool,
    is_read_only: bool,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { inner: Mutex::default(), arrived: Condvar::new(), bytes_max }
    }

    /// Puts a submission in line, or says why not. Nothing of a refused one is applied.
    pub(crate) fn push(&self, submission: Submission) -> Result<(), Failure> {
        let weight = submission.weight();
        let mut inner = self.lock();
        if inner.is_closed || inner.is_read_only && !submission.only_reads() {
            return Err(Failure::Stopped);
        }
        let reserve = QUEUE_RESERVE_BYTES.min(self.bytes_max / 8);
        let has_room = inner.weight.bytes + weight.bytes <= self.bytes_max - reserve
            // A single submission larger than the queue may pass while nothing else waits: it was bounded at the door.
            || inner.weight.bytes == 0
            // The rest of a batch that was let in follows, so that the others may together be past the bound: the
            // reserve is counted by itself.
            || submission.is_admitted
            || submission.is_urgent && inner.weight.urgent_bytes + weight.bytes <= reserve;
        if !has_room {
            return Err(Failure::Overloaded);
        }
        inner.weight += weight;
        inner.waiting.push_back(submission);
        let wake = std::mem::take(&mut inner.writer_sleeps);
        drop(inner);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Takes all that waits into `taken`. With `patience`, sleeps for it until something arrives; returns whether the
    /// queue is still open.
    pub(crate) fn take(&self, taken: &mut VecDeque<Submission>, patience: Option<Duration>) -> bool {
        let mut inner = self.lock();
        if let Some(patience) = patience
            && inner.waiting.is_empty()
            && !inner.is_closed
        {
            inner.writer_sleeps = true;
            inner = self
                .arrived
                .wait_timeout_while(inner, patience, |i| i.waiting.is_empty() && !i.is_closed)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(inner, _)| inner);
            inner.writer_sleeps = false;
        }
        taken.append(&mut inner.waiting);
        !inner.is_closed
    }

    /// Makes room again for as much: what took it was answered.
    pub(crate) fn release(&self, weight: Weight) {
        if weight.bytes > 0 {
            let mut inner = self.lock();
            inner.weight.bytes = inner.weight.bytes.saturating_sub(weight.bytes);
            inner.weight.urgent_bytes = inner.weight.urgent_bytes.saturating_sub(weight.urgent_bytes);
        }
    }

    /// Lets nothing in any more but what only asks.
    pub(crate) fn refuse_writes(&self) {
        self.lock().is_read_only = true;
    }

    /// Lets nothing more in, and wakes the writer.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_one();
    }

    /// Bytes waiting.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().weight.bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(bytes: usize) -> Submission {
        Submission::new(Vec::new(), vec![0; bytes]).0
    }

    #[test]
    fn the_queue_is_bounded_in_bytes_with_a_reserve_for_what_is_urgent() {
        let queue = Queue::new(8_000);
        assert_eq!(queue.push(submission(6_900 - 64)), Ok(()));
        assert_eq!(queue.push(submission(100)), Err(Failure::Overloaded), "past the bound less the reserve");
        let mut rest_of_a_batch = submission(4_000);
        rest_of_a_batch.is_admitted = true;
        assert_eq!(queue.push(rest_of_a_batch), Ok(()), "a batch is let in as a whole, past the bound");
        let urgent = |bytes| {
            let mut urgent = submission(bytes);
            urgent.is_urgent = true;
            urgent
        };
        assert_eq!(queue.push(urgent(900)), Ok(()), "the reserve is for what is urgent, whatever else waits");
        assert_eq!(queue.push(urgent(100)), Err(Failure::Overloaded), "past the reserve");
        let mut taken = VecDeque::new();
        assert!(queue.take(&mut taken, None));
        assert_eq!((taken.len(), queue.bytes()), (3, 11_928), "taken is not answered");
        assert_eq!(queue.push(submission(100)), Err(Failure::Overloaded));
        queue.release(Weight { bytes: 11_928, urgent_bytes: 964 });
        assert_eq!(queue.push(submission(100)), Ok(()));
        assert_eq!(queue.push(urgent(900)), Ok(()));
        queue.close();
        assert_eq!(queue.push(submission(1)), Err(Failure::Stopped));
    }
}
