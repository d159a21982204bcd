//! The threads that all servers of a process share: as many as there are cores.

use std::{
    future::Future,
    io, process,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
};

/// Threads for what may block, made as they are needed. What may do so for long is bounded apart, that some are always left to serve:
/// [`WAITERS_MAX`], and those who are asked for credentials.
const BLOCKING_THREADS_MAX: usize = 128;
/// So many wait for something slow at once, such as a function of the user's; others wait for their turn, which takes no thread.
const WAITERS_MAX: usize = 16;

static WAITERS: Semaphore = Semaphore::const_new(WAITERS_MAX);

static SHARED: Mutex<Weak<Owned>> = Mutex::new(Weak::new());

/// The process's runtime; it ends with the last that holds one.
#[derive(Clone, Debug)]
pub struct Runtime(Arc<Owned>);

#[derive(Debug)]
struct Owned {
    runtime: Option<tokio::runtime::Runtime>,
    process: u32,
}

impl Runtime {
    /// The one of this process, begun where there is none.
    pub fn shared() -> io::Result<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owned) = shared.upgrade() {
            let runtime = Self(owned);
            runtime.check()?;
            return Ok(runtime);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("server")
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .build()?;
        let owned = Arc::new(Owned { runtime: Some(runtime), process: process::id() });
        *shared = Arc::downgrade(&owned);
        Ok(Self(owned))
    }

    /// Whether its threads are in this process: a fork does not take them along.
    pub fn check(&self) -> io::Result<()> {
        if self.0.process == process::id() {
            return Ok(());
        }
        Err(io::Error::other("this process was forked from one that serves, and has none of its threads: start it anew (spawn, not fork)"))
    }

    /// Where tasks are spawned.
    pub fn handle(&self) -> io::Result<&Handle> {
        self.check()?;
        self.0.runtime.as_ref().map(tokio::runtime::Runtime::handle).ok_or_else(|| io::Error::other("the runtime has ended"))
    }

    /// Runs `work` there and waits for it, from a thread that is none of its own; `None` when the time is up before.
    pub fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static, at_most: Duration) -> io::Result<Option<T>> {
        let handle = self.handle()?;
        let (sender, receiver) = oneshot::channel();
        handle.spawn(async move {
            let _ = sender.send(tokio::time::timeout(at_most, work).await.ok()); // who waited is gone
        });
        Ok(receiver.blocking_recv().ok().flatten())
    }
}

/// Does `work`, which may wait for long, on this thread; another one does meanwhile what this one would have.
pub(crate) async fn waiting<T>(work: impl FnOnce() -> T) -> T {
    let _turn = WAITERS.acquire().await; // it is never closed
    tokio::task::block_in_place(work)
}

impl Drop for Owned {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if self.process == process::id() {
            runtime.shutdown_background(); // also where the last to go is one of its own threads
        } else {
            std::mem::forget(runtime); // its threads are in another process
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, mpsc};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn however_many_wait_others_are_served() {
        let runtime = Runtime::shared().unwrap();
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let (ended, ends) = mpsc::channel();
        for _ in 0..4 * BLOCKING_THREADS_MAX {
            let (gate, ended) = (Arc::clone(&gate), ended.clone());
            runtime.handle().unwrap().spawn(async move {
                waiting(|| drop(gate.1.wait_while(gate.0.lock().unwrap(), |is_open| !*is_open).unwrap())).await;
                ended.send(()).unwrap();
            });
        }
        for _ in 0..100 {
            let (sender, receiver) = mpsc::channel();
            runtime.handle().unwrap().spawn(async move { sender.send(()).unwrap() });
            let served = receiver.recv_timeout(LONG);
            if served.is_err() {
                *gate.0.lock().unwrap() = true;
                gate.1.notify_all();
            }
            served.expect("nobody is left to serve");
        }
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        for _ in 0..4 * BLOCKING_THREADS_MAX {
            ends.recv_timeout(LONG).unwrap();
        }
    }

    #[test]
    fn work_is_done_there_and_waited_for() {
        let runtime = Runtime::shared().unwrap();
        assert_eq!(runtime.wait(async { 1 + 1 }, Duration::from_secs(60)).unwrap(), Some(2));
        assert_eq!(runtime.wait(std::future::pending::<()>(), Duration::from_millis(1)).unwrap(), None);
    }
}
