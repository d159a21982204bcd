//! The requests of one connection, which are polled where it is: a request costs no task of its own, and what is answered meanwhile goes out in one
//! write.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::{StreamExt, stream::FuturesUnordered, task::AtomicWaker};

use crate::caught::caught;

/// How often the requests and the connection wake one another before other connections have their turn.
const ROUNDS_MAX: usize = 8;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Caught = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Where a connection puts its new requests.
#[derive(Clone, Default)]
pub(super) struct Begun(Arc<Mutex<Vec<Work>>>);

/// The requests of a connection, and what wakes its task.
pub(super) struct Streams {
    begun: Begun,
    running: FuturesUnordered<Caught>,
    bell: Arc<Bell>,
    waker: Waker,
}

/// Wakes the task of the connection, but for what is rung while that is awake: it hears it at the end of its round.
#[derive(Default)]
struct Bell {
    task: AtomicWaker,
    is_rung: AtomicBool,
    is_awake: AtomicBool,
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Begun {
    fn execute(&self, work: F) {
        self.lock().push(Box::pin(work));
    }
}

impl Begun {
    fn lock(&self) -> MutexGuard<'_, Vec<Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_rung.store(true, Ordering::SeqCst);
        if !self.is_awake.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

impl Streams {
    /// None yet; those that come to `begun` are among them.
    pub(super) fn new(begun: Begun) -> Self {
        let bell = Arc::new(Bell::default());
        Self { begun, running: FuturesUnordered::new(), waker: Waker::from(Arc::clone(&bell)), bell }
    }

    /// Polls the requests and the connection; ready when that is. `panicked` is told of each request that did.
    pub(super) fn poll<T>(
        &mut self,
        context: &Context<'_>,
        mut connection: Pin<&mut impl Future<Output = T>>,
        panicked: &dyn Fn(String),
    ) -> Poll<T> {
        self.bell.task.register(context.waker());
        self.bell.is_awake.store(true, Ordering::SeqCst);
        for _ in 0..ROUNDS_MAX {
            self.bell.is_rung.store(false, Ordering::SeqCst);
            let mut inner = Context::from_waker(&self.waker);
            while let Poll::Ready(Some(ended)) = self.running.poll_next_unpin(&mut inner) {
                if let Err(words) = ended {
                    panicked(words);
                }
            }
            if let Poll::Ready(done) = connection.as_mut().poll(&mut inner) {
                return Poll::Ready(done);
            }
            let begun = std::mem::take(&mut *self.begun.lock());
            if !begun.is_empty() {
                self.running.extend(begun.into_iter().map(|work| Box::pin(caught(work)) as Caught));
                continue;
            }
            if !self.bell.is_rung.load(Ordering::SeqCst) {
                // Rung between the two, it wakes the task or is seen here.
                self.bell.is_awake.store(false, Ordering::SeqCst);
                if !self.bell.is_rung.load(Ordering::SeqCst) {
                    return Poll::Pending;
                }
                self.bell.is_awake.store(true, Ordering::SeqCst);
            }
        }
        self.bell.is_awake.store(false, Ordering::SeqCst);
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, sync::atomic::AtomicUsize};

    use hyper::rt::Executor;
    use tokio::sync::oneshot;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn requests_run_where_their_connection_is_and_a_panic_is_its_own() {
        let (count, begun) = (Arc::new(Count::default()), Begun::default());
        let waker = Waker::from(Arc::clone(&count));
        let context = Context::from_waker(&waker);
        let mut streams = Streams::new(begun.clone());
        let (answer, answered) = oneshot::channel::<()>();
        let (done, mut is_done) = oneshot::channel::<()>();
        let mut works: Vec<Work> = vec![
            Box::pin(async { panic!("of one") }),
            Box::pin(async move {
                let _ = answered.await;
                let _ = done.send(());
            }),
        ];
        let mut connection = pin!(poll_fn(|context| {
            works.drain(..).for_each(|work| begun.execute(work));
            Pin::new(&mut is_done).poll(context)
        }));
        let told = Mutex::new(Vec::new());
        let panicked = |words| told.lock().unwrap().push(words);
        assert!(streams.poll(&context, connection.as_mut(), &panicked).is_pending());
        assert_eq!((&*told.lock().unwrap(), count.0.load(Ordering::SeqCst)), (&vec!["of one".to_owned()], 0));
        answer.send(()).unwrap();
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "what comes from elsewhere wakes the task");
        assert!(streams.poll(&context, connection.as_mut(), &panicked).is_ready(), "and what it does is seen in the same turn");
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_connection_that_always_has_something_to_do_gives_way() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut streams = Streams::new(Begun::default());
        let mut turns = 0;
        let mut connection = pin!(poll_fn(|context| {
            turns += 1;
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        assert!(streams.poll(&Context::from_waker(&waker), connection.as_mut(), &|_| {}).is_pending());
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "it is woken again");
        assert_eq!(turns, ROUNDS_MAX);
    }
}
