//! The gate: every outside call and every journal write passes it, and at a chosen
//! point it lets nobody through any more. To the outside that is the death of the
//! process: what was sent has landed, what wasn't never will.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_ports::{Call, Calls, Phase};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// What someone else does while a process is at a point.
type Hand = Box<dyn FnOnce() + Send>;

/// What someone else does while a process finds a lease taken.
type Holder = Box<dyn Fn() + Send + Sync>;

/// Passes, counts, and at one point stops everything.
pub struct Gate {
    stop_at: Option<usize>,
    hand: Mutex<Option<(usize, Hand)>>,
    holder: Option<(Duration, Holder)>,
    trace: Mutex<Vec<String>>,
    dead: AtomicBool,
    under_way: AtomicUsize,
    changed: Notify,
    /// Held from before something until after it: whoever comes at the same time waits,
    /// so that every run passes the same points in the same order.
    turn: Mutex<Option<OwnedSemaphorePermit>>,
    turns: Arc<Semaphore>,
}

impl Gate {
    /// A gate that stops everything at the point of that number, counted from 0; `None`
    /// lets everything through.
    #[must_use]
    pub fn new(stop_at: Option<usize>) -> Self {
        Self {
            stop_at,
            hand: Mutex::default(),
            holder: None,
            trace: Mutex::default(),
            dead: AtomicBool::default(),
            under_way: AtomicUsize::default(),
            changed: Notify::default(),
            turn: Mutex::default(),
            turns: Arc::new(Semaphore::new(1)),
        }
    }

    /// A gate that lets everything through; at the point of that number, counted from 0,
    /// someone else does something first.
    #[must_use]
    pub fn with_hand(at: usize, hand: impl FnOnce() + Send + 'static) -> Self {
        Self {
            hand: Mutex::new(Some((at, Box::new(hand)))),
            ..Self::new(None)
        }
    }

    /// The same gate; whenever a process finds a lease taken, someone else does something,
    /// and has that long until the process knows.
    #[must_use]
    pub fn when_locked(self, pause: Duration, does: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            holder: Some((pause, Box::new(does))),
            ..self
        }
    }

    /// A lease was taken already.
    pub(crate) async fn locked(&self) {
        if let Some((pause, does)) = &self.holder {
            does();
            tokio::time::sleep(*pause).await;
        }
    }

    /// The points that were passed, in order.
    ///
    /// # Panics
    /// When a test panicked while it held the trace.
    #[must_use]
    pub fn trace(&self) -> Vec<String> {
        self.trace
            .lock()
            .expect("no test panics while it holds the trace")
            .clone()
    }

    /// Returns once the gate is shut and nothing that was sent is still under way.
    pub async fn dead(&self) {
        loop {
            let changed = self.changed.notified();
            if self.dead.load(Ordering::SeqCst) && self.under_way.load(Ordering::SeqCst) == 0 {
                return;
            }
            changed.await;
        }
    }

    /// A point. Once the gate is shut nobody returns from here.
    pub async fn pass(&self, point: String) {
        if !self.dead.load(Ordering::SeqCst) {
            let number = {
                let mut trace = self
                    .trace
                    .lock()
                    .expect("no test panics while it holds the trace");
                trace.push(point);
                trace.len() - 1
            };
            self.lend_a_hand(number);
            if self.stop_at != Some(number) {
                return;
            }
            self.dead.store(true, Ordering::SeqCst);
        }
        self.changed.notify_waiters();
        self.changed.notify_one();
        std::future::pending::<()>().await;
    }

    fn lend_a_hand(&self, number: usize) {
        let hand = self
            .hand
            .lock()
            .expect("no test panics while it holds the hand")
            .take_if(|(at, _)| *at == number);
        if let Some((_, hand)) = hand {
            hand();
        }
    }

    /// A point before something that, once it is let through, certainly ends.
    pub async fn enter(&self, point: String) {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        *self
            .turn
            .lock()
            .expect("no test panics while it holds the turn") = turn;
        self.pass(point).await;
        self.under_way.fetch_add(1, Ordering::SeqCst);
    }

    /// The point after it has landed.
    pub async fn land(&self, point: String) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        self.pass(point).await;
    }

    /// The point at which whoever did it knows.
    pub async fn leave(&self, point: String) {
        self.pass(point).await;
        drop(
            self.turn
                .lock()
                .expect("no test panics while it holds the turn")
                .take(),
        );
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("stop_at", &self.stop_at)
            .field("dead", &self.dead)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Calls for Gate {
    async fn at(&self, call: &Call, phase: Phase) {
        let point = format!("{} {}: {phase:?}", call.system, call.operation);
        match phase {
            Phase::Before => self.enter(point).await,
            Phase::Sent => self.land(point).await,
            Phase::Replied => self.leave(point).await,
        }
    }
}
