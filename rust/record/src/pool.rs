//! A bounded pool of warm buffers.
//!
//! Fresh pages fill at about 1 GB/s, recycled ones at 5: an output of 850 bytes a line costs 800 ns on fresh
//! pages before any parsing. So blocks come from here and return when their last view is gone.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;

use crate::Limits;

const CLASS_MIN_LOG2: u32 = 12; // 4 KiB: a push of one record should not hold a larger buffer
const CLASS_MAX_LOG2: u32 = Limits::BLOCK_BYTES_MAX.trailing_zeros();
const CLASSES: usize = (CLASS_MAX_LOG2 - CLASS_MIN_LOG2 + 1) as usize;
const POOLED_BYTES_MAX: usize = 64 << 20;

/// Buffers of 4 KiB to 8 MiB by powers of two, at most [`BlockPool::pooled_bytes_max`] of them kept.
#[derive(Debug)]
pub struct BlockPool {
    shelves: Mutex<Shelves>,
    pooled_bytes_max: usize,
}

#[derive(Debug, Default)]
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

    /// A buffer of at least `min` bytes, all initialised (with whatever it held before); `min` is cut to 8 MiB.
    pub fn take(&self, min: usize) -> Vec<u8> {
        let class = class_of(min);
        let mut shelves = self.lock();
        if let Some(buffer) = shelves.by_class.get_mut(class).and_then(Vec::pop) {
            shelves.bytes -= buffer.len();
            return buffer;
        }
        drop(shelves);
        vec![0; 1 << (class as u32 + CLASS_MIN_LOG2)]
    }

    /// Takes a buffer back; one over the bound, or of no class, is freed.
    pub fn give(&self, buffer: Vec<u8>) {
        let len = buffer.len();
        if !len.is_power_of_two() || class_of(len) >= CLASSES || len >> CLASS_MIN_LOG2 == 0 || len > Limits::BLOCK_BYTES_MAX {
            return;
        }
        let mut shelves = self.lock();
        if shelves.bytes + len <= self.pooled_bytes_max {
            shelves.bytes += len;
            if let Some(shelf) = shelves.by_class.get_mut(class_of(len)) {
                shelf.push(buffer);
            }
        }
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

fn class_of(len: usize) -> usize {
    let log2 = len.max(1).next_power_of_two().trailing_zeros();
    (log2.clamp(CLASS_MIN_LOG2, CLASS_MAX_LOG2) - CLASS_MIN_LOG2) as usize
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
}
