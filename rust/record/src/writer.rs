//! How formats write a Batch: in one pass, without a tree, nothing allocated per record.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Batch, Limits, Origin, RejectReason, Text,
    batch::Group,
    cursor::RecordCursor,
    envelope::Envelope,
    frames::Frames,
    lane::{Field, Lane},
    pool::BlockPool,
    proto::{push_string_attribute, varint_len},
    sink::{OpenRecord, Sink, observed},
};

/// The most bytes that a lane begins with, but for the first: there may be many.
const LANE_BYTES_MAX: usize = 64 << 10;

/// Writes records as OTLP bytes with their index.
///
/// The strings it is given must be UTF-8: the driver checks a chunk once and repairs a frame that is not, in which case
/// the original goes into the frame's records as `log.record.original` (bytes).
///
/// Records of one resource stand together in a lane: a block that grows from the pool. Formats whose frames belong to
/// several resources (spans of services) choose the lane with [`use_resource`](Self::use_resource) first.
#[derive(Debug)]
pub struct BatchWriter {
    /// The current lane's buffer; the lane itself is in `lanes` with an empty one.
    buf: Vec<u8>,
    pub(crate) sink: Sink,
    lanes: Vec<Lane>,
    current: usize,
    pool: Arc<BlockPool>,
    limits: Limits,
    origin: Arc<Origin>,
    pub(crate) batch: Batch,
    chunk: Bytes,
    /// What was said beside the bytes.
    given: Vec<(String, String)>,
    pub(crate) frames: Frames,
    sealed_records: usize,
    sealed_bytes: u64,
    pub(crate) keep_original: bool,
    /// What a further lane begins with: growing it copies what it holds.
    lane_bytes: usize,
    scratch: Vec<u8>,
}

impl BatchWriter {
    /// A writer for bytes from `origin`; `estimate_bytes` of output are made ready at once.
    pub fn new(pool: &Arc<BlockPool>, limits: &Limits, origin: &Arc<Origin>, estimate_bytes: usize) -> Self {
        let arrival = origin.arrival_unix_nano;
        let mut writer = Self {
            buf: Vec::new(),
            sink: Sink {
                pos: 0,
                group: 0,
                overflowed: false,
                attributes_max: limits.attributes_max,
                arrival_unix_nano: arrival,
                observed: observed(arrival),
                raw: None,
                severity_of_status: None,
                envelope: Envelope::default(),
                places: None,
                frame_offset: 0,
                index: Vec::with_capacity((estimate_bytes / 512).min(1 << 16)),
                open: OpenRecord::default(),
            },
            lanes: Vec::new(),
            current: 0,
            pool: Arc::clone(pool),
            limits: limits.clone(),
            origin: Arc::clone(origin),
            batch: Batch::default(),
            chunk: Bytes::new(),
            given: Vec::new(),
            frames: Frames::default(),
            sealed_records: 0,
            sealed_bytes: 0,
            keep_original: true,
            lane_bytes: (estimate_bytes / 64).clamp(1, LANE_BYTES_MAX),
            scratch: Vec::new(),
        };
        writer.open_first_lane(estimate_bytes.max(1));
        writer
    }

    /// Whether formats keep the original line, in the body or in `log.record.original`. True unless switched off, or while a frame is
    /// read that was repaired, or came in an [envelope](Self::envelope) with its own: its records carry the bytes from before there.
    #[inline(always)]
    pub fn keeps_original(&self) -> bool {
        self.keep_original && self.sink.raw.is_none() && !self.sink.envelope.has_original
    }

    /// Whether the frame's records get a `log.record.original` without the format's doing: the frame was repaired, or came in an
    /// envelope that carries it.
    #[inline(always)]
    pub fn carries_raw(&self) -> bool {
        self.sink.raw.is_some() || self.sink.envelope.carries_original
    }

    /// Switches the keeping of original lines.
    pub fn keep_original(&mut self, keep: bool) {
        self.keep_original = keep;
    }

    /// Gives each record from here on that has no severity, and an HTTP status among its attributes, the one that `of` answers; 0: none.
    pub fn severity_of_status(&mut self, of: Option<fn(i64) -> u8>) {
        self.sink.severity_of_status = of;
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Where the bytes come from.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// What the sender said beside the bytes: see [`Chunk::given`](crate::Chunk::given).
    pub fn give(&mut self, given: Vec<(String, String)>) {
        self.given = given;
    }

    /// What the sender said under this name beside the bytes.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Begins a record in the current lane. `time_unix_nano` 0: unknown, none is written. `severity_number` 0 to 24 as OpenTelemetry
    /// has them, 0: unspecified. An empty `severity_text` is not written.
    #[inline(always)]
    pub fn begin(&mut self, time_unix_nano: u64, severity_number: u8, severity_text: Text<'_>) -> RecordCursor<'_> {
        RecordCursor::begin(&mut self.buf, &mut self.sink, time_unix_nano, severity_number, severity_text)
    }

    /// Chooses the lane for what follows: `key` is any bytes that tell resources (and scopes) apart, such as the frame's own text of
    /// them; `build` is called when the key is new and fills in the `Resource` and `InstrumentationScope` messages (their content;
    /// leave one empty for none). The empty key is the Origin's resource.
    #[inline]
    pub fn use_resource(&mut self, key: &[u8], build: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) {
        if self.enter_resource(key) {
            return;
        }
        let (mut resource, mut scope) = (Vec::new(), Vec::new());
        build(&mut resource, &mut scope);
        self.park();
        self.open_lane(key.to_vec(), &resource, &scope, self.lane_bytes);
    }

    /// Chooses the lane of this key where there is one; false where [`use_resource`](Self::use_resource) is to open it.
    #[inline]
    pub fn enter_resource(&mut self, key: &[u8]) -> bool {
        if self.lanes.get(self.current).is_some_and(|lane| lane.key == key) {
            return true;
        }
        let Some(next) = self.lanes.iter().position(|lane| lane.key == key) else { return false };
        self.park();
        self.enter(next);
        true
    }

    /// A reusable buffer for what must be unescaped before it is written; give it back with [`give_scratch`](Self::give_scratch).
    pub fn take_scratch(&mut self) -> Vec<u8> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch
    }

    /// Takes the buffer of [`take_scratch`](Self::take_scratch) back.
    pub fn give_scratch(&mut self, scratch: Vec<u8>) {
        if scratch.capacity() <= self.limits.frame_bytes_max.saturating_mul(4) {
            self.scratch = scratch;
        }
    }

    /// Runs `write` until its output fits: where space ran out, what it wrote is cut off, the buffer grows and it runs once more.
    /// What it wrote before it failed is cut off too. The driver calls this for each frame; a format whose one frame makes many
    /// records (a list of spans) calls it for each of them, once it has seen that the whole frame is good.
    #[inline(always)]
    pub fn attempt(&mut self, mut write: impl FnMut(&mut Self) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
        if self.is_full() {
            return Err(RejectReason::limit("the message becomes more than a Batch may hold", 0));
        }
        let mark = self.sink.index.len();
        loop {
            let result = write(self);
            if result.is_ok() && !self.sink.overflowed {
                return result;
            }
            self.rewind(mark);
            if !self.sink.overflowed {
                return result;
            }
            self.sink.overflowed = false;
            if !self.grow() {
                return Err(RejectReason::limit("the record is larger than a block (8 MiB)", 0));
            }
        }
    }

    /// The records that follow belong to nobody but who is known from the channel.
    pub fn use_channel(&mut self) {
        let origin = Arc::clone(&self.origin);
        self.use_resource(&[], |resource, _| push_channel(&origin, resource));
    }

    /// The frames that follow lie in `chunk`, so that a whole OTLP request can be adopted without a copy.
    pub fn set_chunk(&mut self, chunk: &Bytes) {
        self.chunk = chunk.clone();
    }

    /// `part` as shared bytes: without a copy where it lies in the current chunk.
    pub fn share(&self, part: &[u8]) -> Bytes {
        let chunk = self.chunk.as_ref().as_ptr_range();
        let range = part.as_ptr_range();
        if part.is_empty() || range.start < chunk.start || range.end > chunk.end {
            return Bytes::copy_from_slice(part);
        }
        self.chunk.slice_ref(part)
    }

    /// Appends a Batch that exists already, such as OTLP that was scanned; its records come after those written so far.
    pub fn adopt(&mut self, other: &Batch) {
        self.seal_all();
        self.flush_index();
        if self.batch.blocks.is_empty() {
            self.batch.groups.clear(); // of lanes that hold nothing: all of `other` is shared then
        }
        self.batch.append(other);
        self.sealed_bytes += other.otlp_len() as u64;
        self.open_first_lane(1);
    }

    /// The records of a frame that was repaired carry these bytes as `log.record.original`; `None` ends it.
    pub fn set_raw(&mut self, raw: Option<Vec<u8>>) {
        self.sink.raw = raw;
    }

    /// Takes back what [`set_raw`](Self::set_raw) gave, for a frame that makes many records: not each of them should carry all of it.
    pub fn take_raw(&mut self) -> Option<Vec<u8>> {
        self.sink.raw.take()
    }

    /// Whether the frame was not UTF-8, so that its format sees a repaired copy.
    pub fn is_repairing(&self) -> bool {
        self.sink.raw.is_some()
    }

    /// The next frame begins here in its source, in bytes. The driver says so.
    #[inline(always)]
    pub fn set_frame_offset(&mut self, offset: u64) {
        self.sink.frame_offset = offset;
    }

    /// Where the frame began in its source, for a format that [rejects](Self::reject) a part of one.
    pub fn frame_offset(&self) -> u64 {
        self.sink.frame_offset
    }

    /// A frame ended well: its records stay. Bounds that need a quiet moment are kept here.
    #[inline(always)]
    pub fn end_frame(&mut self) {
        if self.lanes.len() > self.limits.lanes_max {
            self.evict();
        }
    }

    /// The driver has read a part of its input: where the rest would not fit by what that part became, the buffer grows now, while there
    /// is less of it to copy.
    pub fn foresee(&mut self, read_bytes: usize, all_bytes: usize) {
        let written = self.sink.pos as u64;
        let expected = (written + written / 32).saturating_mul(all_bytes as u64) / (read_bytes as u64).max(1);
        let is_one = self.lanes.len() == 1 && self.sealed_bytes == 0;
        if is_one && self.buf.len() < Limits::BLOCK_BYTES_MAX && expected > self.buf.len() as u64 {
            self.grow();
        }
    }

    /// The record that was written last, as OTLP; empty where its block is full.
    pub fn last_record(&self) -> &[u8] {
        let last = self.sink.index.last().filter(|entry| entry.group == self.sink.group);
        last.and_then(|entry| self.buf.get(entry.start as usize..entry.end as usize)).unwrap_or_default()
    }

    /// How many records there are so far.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.batch.index.len() + self.sink.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `batch_bytes_max` is reached: nothing more is written, and the driver stops there.
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.sealed_bytes + self.sink.pos as u64 > self.limits.batch_bytes_max
    }

    /// The Batch.
    pub fn finish(mut self) -> Batch {
        self.seal_all();
        self.flush_index();
        self.batch.origin = Arc::clone(&self.origin);
        std::mem::take(&mut self.batch)
    }

    /// Takes back all records from `mark` on that no sealed block holds.
    fn rewind(&mut self, mark: usize) {
        while self.sink.index.len() > mark.max(self.sealed_records) {
            let Some(entry) = self.sink.index.pop() else { return };
            let start = entry.start as usize - 1 - varint_len(u64::from(entry.end - entry.start));
            if entry.group == self.sink.group {
                self.sink.pos = start;
            } else if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.group == entry.group) {
                lane.pos = start;
            }
        }
    }

    /// Makes room in the current lane: the next size of buffer, or a new block. False where a record fits in none.
    #[cold]
    fn grow(&mut self) -> bool {
        if self.buf.len() < Limits::BLOCK_BYTES_MAX {
            let mut larger = self.pool.take(self.buf.len() * 2);
            if let (Some(to), Some(from)) = (larger.get_mut(..self.sink.pos), self.buf.get(..self.sink.pos)) {
                to.copy_from_slice(from);
            }
            self.pool.give(std::mem::replace(&mut self.buf, larger));
            return true;
        }
        self.park();
        let Some(lane) = self.lanes.get(self.current).filter(|lane| lane.pos > lane.first) else {
            self.enter(self.current);
            return false;
        };
        let (key, resource, scope) = (lane.key.clone(), lane.resource.clone(), lane.scope.clone());
        self.seal(self.current);
        let size = Limits::BLOCK_BYTES_MAX;
        self.push_lane(key, resource, scope, size);
        true
    }

    fn open_lane(&mut self, key: Vec<u8>, resource: &[u8], scope: &[u8], estimate: usize) {
        self.push_lane(key, Field::new(resource), Field::new(scope), estimate);
    }

    fn push_lane(&mut self, key: Vec<u8>, resource: Field, scope: Field, estimate: usize) {
        let group = self.batch.groups.len() as u32;
        self.batch.groups.push(Group::default());
        self.lanes.push(Lane::open(&self.pool, group, key, resource, scope, estimate));
        self.enter(self.lanes.len() - 1);
    }

    /// Puts the current lane's state back into its place.
    fn park(&mut self) {
        if let Some(lane) = self.lanes.get_mut(self.current) {
            lane.pos = self.sink.pos;
            lane.buf = std::mem::take(&mut self.buf);
        }
    }

    fn enter(&mut self, next: usize) {
        if let Some(lane) = self.lanes.get_mut(next) {
            self.current = next;
            self.buf = std::mem::take(&mut lane.buf);
            self.sink.pos = lane.pos;
            self.sink.group = lane.group;
        }
    }

    /// Seals the oldest lanes down to the bound. The current one stays.
    #[cold]
    fn evict(&mut self) {
        while self.lanes.len() > self.limits.lanes_max.max(1) {
            self.park();
            let oldest = usize::from(self.current == 0);
            self.seal(oldest);
            self.current -= usize::from(self.current > oldest);
            self.enter(self.current);
        }
    }

    fn seal_all(&mut self) {
        self.park();
        while !self.lanes.is_empty() {
            self.seal(0);
        }
    }

    /// The lane of the Origin's resource.
    fn open_first_lane(&mut self, estimate: usize) {
        let mut resource = Vec::new();
        push_channel(&self.origin, &mut resource);
        self.open_lane(Vec::new(), &resource, &[], estimate);
    }

    fn flush_index(&mut self) {
        if self.batch.index.is_empty() {
            self.batch.index = std::mem::take(&mut self.sink.index).into();
        } else if !self.sink.index.is_empty() {
            Arc::make_mut(&mut self.batch.index).append(&mut self.sink.index);
        }
        self.sealed_records = 0;
    }

    /// Makes a block of a lane, unless it is empty.
    fn seal(&mut self, which: usize) {
        let lane = self.lanes.remove(which);
        self.sealed_records = self.sink.index.len();
        let (number, place) = (lane.group as usize, self.batch.blocks.len() as u32);
        let Some((block, group)) = lane.seal(&self.pool, place) else { return };
        if let Some(of_lane) = self.batch.groups.get_mut(number) {
            *of_lane = group;
        }
        self.sealed_bytes += block.len() as u64;
        self.batch.blocks.push(block);
    }
}

/// The resource attributes known from the channel.
fn push_channel(origin: &Origin, resource: &mut Vec<u8>) {
    for (key, value) in &origin.resource {
        push_string_attribute(resource, 0x0a, key.as_bytes(), value.as_bytes());
    }
}

impl Drop for BatchWriter {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.buf));
        for lane in self.lanes.drain(..) {
            self.pool.give(lane.buf);
        }
    }
}
