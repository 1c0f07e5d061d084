//! What this process writes waits while filesystems stand still: its log and its records may lie on one of them, and who
//! waits for a frozen filesystem cannot do what the end of the freeze depends on.
//!
//! Whoever freezes closes the [`GATE`] before and opens it afterwards. Whatever is written passes through it: at once while
//! it is open, after the freeze while it is not. The freeze in turn waits for what is just being written.

use std::{
    collections::VecDeque,
    fmt::Display,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The one of this process.
pub(crate) static GATE: Gate = Gate::new();

/// What is put off during a freeze at the most; a log that says more than this in seconds can do without the rest.
const MOST_PUT_OFF: usize = 4096;

/// What is written passes here.
pub(crate) struct Gate(Mutex<State>);

struct State {
    /// How many keep it closed.
    closed: u32,
    put_off: VecDeque<Writing>,
    left_out: u64,
}

/// Writes, and says what went wrong.
type Writing = Box<dyn FnOnce() -> Option<String> + Send>;

/// Nothing is written until this is dropped.
pub(crate) struct Closed<'gate>(&'gate Gate);

impl Gate {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State { closed: 0, put_off: VecDeque::new(), left_out: 0 }))
    }

    /// Closes it. Returns when nothing is being written any more.
    pub(crate) fn close(&self) -> Closed<'_> {
        let mut state = self.state();
        state.closed += 1;
        // Memory is taken before filesystems are frozen, as far as is known what for.
        state.put_off.reserve(64);
        Closed(self)
    }

    /// Writes now, and says how that went, or keeps it for later, which is a success; when that fails the log says so.
    /// `write` must not log.
    pub(crate) fn write<E: Display>(
        &self,
        write: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> Result<(), E> {
        let mut state = self.state();
        if state.closed == 0 {
            return write();
        }
        if state.put_off.len() < MOST_PUT_OFF {
            state.put_off.push_back(Box::new(|| write().err().map(|error| error.to_string())));
        } else {
            state.left_out += 1;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed -= 1;
        if state.closed > 0 {
            return;
        }
        // Before anything else is written, which waits for the lock: the order stays.
        let failed: Vec<String> = state.put_off.drain(..).filter_map(|write| write()).collect();
        let left_out = std::mem::take(&mut state.left_out);
        drop(state);
        for error in failed {
            tracing::warn!("{error}");
        }
        if left_out > 0 {
            tracing::warn!("{left_out} lines and records of the time of a freeze were left out");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use super::{Gate, MOST_PUT_OFF};

    struct Written(Gate, Arc<Mutex<Vec<usize>>>);

    impl Written {
        fn new() -> Self {
            Self(Gate::new(), Arc::default())
        }

        fn write(&self, number: usize) {
            let written = self.1.clone();
            let write = move || {
                written.lock().unwrap().push(number);
                Ok::<_, String>(())
            };
            self.0.write(write).unwrap();
        }

        fn all(&self) -> Vec<usize> {
            self.1.lock().unwrap().clone()
        }
    }

    #[test]
    fn nothing_is_written_while_anyone_keeps_it_closed_and_all_of_it_in_order_afterwards() {
        let written = Written::new();
        written.write(0);
        assert_eq!(written.all(), [0]);
        let (first, second) = (written.0.close(), written.0.close());
        (1..4).for_each(|number| written.write(number));
        drop(first);
        written.write(4);
        assert_eq!(written.all(), [0]);
        drop(second);
        written.write(5);
        assert_eq!(written.all(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn closing_waits_for_what_is_being_written() {
        let gate = Gate::new();
        let (began, has_begun) = mpsc::channel();
        let (go_on, told) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let write = move || {
                    began.send(()).unwrap();
                    told.recv().map_err(|error| error.to_string())
                };
                gate.write(write).unwrap();
            });
            has_begun.recv().unwrap();
            let (closed, is_closed) = mpsc::channel();
            let gate = &gate;
            scope.spawn(move || {
                let _closed = gate.close();
                closed.send(()).unwrap();
            });
            assert!(is_closed.recv_timeout(std::time::Duration::from_millis(50)).is_err());
            go_on.send(()).unwrap();
            is_closed.recv().unwrap();
        });
    }

    #[test]
    fn what_is_put_off_has_bounds() {
        let written = Written::new();
        let closed = written.0.close();
        (0..MOST_PUT_OFF + 3).for_each(|number| written.write(number));
        drop(closed);
        assert_eq!(written.all().len(), MOST_PUT_OFF);
        assert_eq!(written.0.write(|| Err("no room")), Err("no room"));
    }
}
