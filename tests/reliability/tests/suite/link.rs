//! A link between an agent and its center that can be cut, and that knows how much went over it.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// Forwards connections to wherever the center is now.
#[derive(Clone)]
pub(crate) struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    center: Mutex<SocketAddr>,
    open: Mutex<Vec<TcpStream>>,
    /// Bytes from the agent to the center.
    sent: AtomicU64,
    grown: (Mutex<()>, Condvar),
}

impl Link {
    /// Opens a link to a center.
    pub(crate) fn open(center: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let shared = Arc::new(Shared {
            center: Mutex::new(center),
            open: Mutex::default(),
            sent: AtomicU64::new(0),
            grown: Default::default(),
        });
        let link = Self { address: listener.local_addr().unwrap(), shared };
        let accepting = link.clone();
        thread::spawn(move || {
            for agent in listener.incoming().map_while(Result::ok) {
                let center = *lock(&accepting.shared.center);
                // A center that is not there is a connection that ends.
                let Ok(center) = TcpStream::connect(center) else { continue };
                accepting.join(&agent, &center).unwrap();
            }
        });
        link
    }

    /// Where agents connect to.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on connections go to another center.
    pub(crate) fn lead_to(&self, center: SocketAddr) {
        *lock(&self.shared.center) = center;
    }

    /// Ends all connections, somewhere in the middle of what they carry.
    pub(crate) fn cut(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Bytes that came from the agent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(SeqCst)
    }

    /// Waits until so many bytes came, or for a time without that; says whether they did.
    pub(crate) fn wait_for(&self, bytes: u64, patience: Duration) -> bool {
        let (guard, grown) = &self.shared.grown;
        let outcome = grown.wait_timeout_while(lock(guard), patience, |()| self.sent() < bytes).unwrap();
        !outcome.1.timed_out()
    }

    fn join(&self, agent: &TcpStream, center: &TcpStream) -> io::Result<()> {
        lock(&self.shared.open).extend([agent.try_clone()?, center.try_clone()?]);
        let (there, back) =
            ((agent.try_clone()?, center.try_clone()?), (center.try_clone()?, agent.try_clone()?));
        let counted = self.shared.clone();
        thread::spawn(move || {
            pass(there, |bytes| {
                counted.sent.fetch_add(bytes, SeqCst);
                counted.grown.1.notify_all();
            });
        });
        thread::spawn(move || pass(back, |_| {}));
        Ok(())
    }
}

/// Passes bytes on until either end is gone, which the other is told.
fn pass((mut from, mut to): (TcpStream, TcpStream), passed: impl Fn(u64)) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            break;
        }
        passed(u64::try_from(read).unwrap());
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
