//! A bounded pool of warm buffers.
//!
//! Fresh pages fill at about 1 GB/s, recycled ones at 5: an output of 850 bytes a line costs 800 ns on fresh
//! pages before any parsing. So blocks come from here and return when their last view is gone.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;

use crate::Limits;

const CLASS_MIN_LOG2: u32 = 12; // 4 KiB: a push of one record should not hold a larger buffer
const CLASS_MAX_LOG2: u32 = Limits::BLOCK_BYTES_MAX.trailing_zeros();
/// From one power of two to the next: 4, 5, 6, 7, 8 KiB and so on.
const CLASSES_A_DOUBLING: usize = 4;
const CLASSES: usize = (CLASS_MAX_LOG2 - CLASS_MIN_LOG2) as usize * CLASSES_A_DOUBLING + 1;
const POOLED_BYTES_MAX: usize = 64 << 20;

/// Buffers of 4 KiB to 8 MiB, at most [`BlockPool::pooled_bytes_max`] of them kept.
#[derive(Debug)]
pub struct BlockPool {
    shelves: Mutex<Shelves>,
    pooled_bytes_max: usize,
}

#[derive(Debug)]
struct Shelves {
    by_class: [Vec<Vec<u8>>; CLASSES],
    bytes: usize,
}

impl BlockPool {
    /// A pool that keeps at most `pooled_bytes_max` bytes of idle buffers.
    pub fn new(pooled_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { shelves: Mutex::default(), pooled_bytes_max })
    }

    /// The pool of the process: at most 64 MiB idle.
    pub fn global() -> &'static Arc<Self> {
        static GLOBAL: OnceLock<Arc<BlockPool>> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::new(POOLED_BYTES_MAX))
    }

    /// The most bytes of idle buffers that are kept.
    pub fn pooled_bytes_max(&self) -> usize {
        self.pooled_bytes_max
    }

    /// Bytes of idle buffers right now.
    pub fn pooled_bytes(&self) -> usize {
        self.lock().bytes
    }

    /// A buffer of a power of two and at least `min` bytes, all initialised (with whatever it held before); `min` is cut to 8 MiB.
    pub fn take(&self, min: usize) -> Vec<u8> {
        self.take_near(min.min(Limits::BLOCK_BYTES_MAX).next_power_of_two())
    }

    /// The same, of at most a quarter more than `min` (and 4 KiB): for what is known to be so long, and may stay for long.
    pub fn take_near(&self, min: usize) -> Vec<u8> {
        let class = class_of(min);
        let mut shelves = self.lock();
        if let Some(buffer) = shelves.by_class.get_mut(class).and_then(Vec::pop) {
            shelves.bytes -= buffer.len();
            return buffer;
        }
        drop(shelves);
        vec![0; bytes_of(class)]
    }

    /// Takes a buffer back; one of no class is freed. Where they are over the bound then, others are, of the sizes that lie there most: nobody
    /// asks for those.
    pub fn give(&self, buffer: Vec<u8>) {
        let (len, class) = (buffer.len(), class_of(buffer.len()));
        if bytes_of(class) != len || len > self.pooled_bytes_max {
            return;
        }
        let mut freed = Vec::new(); // without the lock
        let mut shelves = self.lock();
        while shelves.bytes + len > self.pooled_bytes_max {
            let Some(other) = shelves.pop_but(class) else {
                freed.push(buffer);
                return drop(shelves);
            };
            shelves.bytes -= other.len();
            freed.push(other);
        }
        shelves.bytes += len;
        if let Some(shelf) = shelves.by_class.get_mut(class) {
            shelf.push(buffer);
        }
        drop(shelves);
    }

    /// The whole buffer as shared bytes; it comes back here when the last view of it is gone.
    pub fn freeze(self: &Arc<Self>, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Pooled { buffer, pool: Arc::clone(self) })
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        // A panic cannot leave the shelves half changed in a way that matters: at worst a buffer is not reused.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Shelves {
    fn default() -> Self {
        Self { by_class: [const { Vec::new() }; CLASSES], bytes: 0 }
    }
}

impl Shelves {
    /// A buffer of the class that has most bytes here but for this one.
    fn pop_but(&mut self, class: usize) -> Option<Vec<u8>> {
        let others = self.by_class.iter_mut().enumerate().filter(|(other, _)| *other != class);
        others.max_by_key(|(other, shelf)| shelf.len() * bytes_of(*other))?.1.pop()
    }
}

/// The least class whose buffers have so many bytes; the largest where none has.
fn class_of(len: usize) -> usize {
    let len = len.clamp(1 << CLASS_MIN_LOG2, 1 << CLASS_MAX_LOG2);
    let log2 = len.ilog2();
    let steps = (len - (1 << log2)).div_ceil((1 << log2) / CLASSES_A_DOUBLING);
    (log2 - CLASS_MIN_LOG2) as usize * CLASSES_A_DOUBLING + steps
}

fn bytes_of(class: usize) -> usize {
    let (doublings, steps) = (class / CLASSES_A_DOUBLING, class % CLASSES_A_DOUBLING);
    ((CLASSES_A_DOUBLING + steps) << CLASS_MIN_LOG2 << doublings) / CLASSES_A_DOUBLING
}

struct Pooled {
    buffer: Vec<u8>,
    pool: Arc<BlockPool>,
}

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_returns_when_its_last_view_is_gone() {
        let pool = BlockPool::new(1 << 20);
        let bytes = pool.freeze(pool.take(10_000));
        assert_eq!(bytes.len(), 16_384);
        let view = bytes.slice(1..2);
        drop(bytes);
        assert_eq!(pool.pooled_bytes(), 0);
        drop(view);
        assert_eq!(pool.pooled_bytes(), 16_384);
        assert_eq!(pool.take(16_384).len(), 16_384);
        assert_eq!(pool.pooled_bytes(), 0);
    }

    #[test]
    fn the_pool_is_bounded() {
        let pool = BlockPool::new(8192);
        for _ in 0..8 {
            pool.give(vec![0; 4096]);
        }
        pool.give(vec![0; 5000]);
        assert_eq!(pool.pooled_bytes(), 8192);
    }

    #[test]
    fn buffers_are_of_classes_a_quarter_apart() {
        let pool = BlockPool::new(1 << 30);
        for len in (1..20_000).step_by(7).chain([474_000, 600_000, (8 << 20) - 1, 8 << 20]) {
            let (near, power) = (pool.take_near(len), pool.take(len));
            assert!(near.len() >= len && near.len() <= (len + len / 4 + 1).max(4096), "{len}: {}", near.len());
            assert!(power.len() >= len && power.len().is_power_of_two() && power.len() < (2 * len).max(4097), "{len}: {}", power.len());
            let before = pool.pooled_bytes();
            let both = near.len() + power.len();
            pool.give(near);
            pool.give(power);
            assert_eq!(pool.pooled_bytes(), before + both, "each has a shelf");
        }
        assert_eq!((pool.take(9 << 20).len(), pool.take_near(9 << 20).len()), (8 << 20, 8 << 20));
    }

    #[test]
    fn sizes_that_nobody_asks_for_make_room() {
        let pool = BlockPool::new(32 << 10);
        for _ in 0..8 {
            pool.give(vec![0; 4096]);
        }
        for _ in 0..2 {
            pool.give(vec![0; 10_240]);
        }
        pool.give(vec![0; 64 << 10]);
        assert_eq!(pool.pooled_bytes(), 2 * 10_240 + 3 * 4096);
        assert_eq!(pool.take_near(10_000).len(), 10_240);
        assert_eq!(pool.pooled_bytes(), 10_240 + 3 * 4096);
    }
}
