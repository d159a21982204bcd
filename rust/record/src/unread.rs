//! Batches whose records are looked for when somebody asks where they lie. Who passes bytes on, from the journal to a destination, needs to know how
//! many records there are, and no more: looking through them would be the larger part of the work.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::{Batch, DataError, Limits, batch::Block, heads};

/// What nobody has looked through yet.
#[derive(Debug)]
pub(crate) struct Unread {
    records: usize,
    of: Of,
    found: OnceLock<Batch>,
}

#[derive(Debug)]
enum Of {
    /// A request.
    Request(Bytes),
    /// These, one behind the other.
    All(Vec<Batch>),
}

/// What was taken once is read again whatever the config says by then: only the bounds of the form itself hold.
const LIMITS: Limits = Limits { depth_max: u32::MAX, batch_bytes_max: u64::MAX, ..Limits::DEFAULT };

impl Batch {
    /// The Batch of bytes that are known to be those of one whose records stand in their order: [`from_otlp`](Self::from_otlp) or a
    /// [`BatchWriter`](crate::BatchWriter) made them, and nobody can have changed them since. Now only the heads of its messages are looked at, which
    /// tells how many records there are; the records when somebody asks for more than that.
    pub fn from_known_otlp(bytes: Bytes) -> Result<Self, DataError> {
        let records = if u32::try_from(bytes.len()).is_ok() { heads::count(&bytes)? } else { 0 };
        if records == 0 {
            return Self::from_otlp(bytes, &LIMITS);
        }
        let unread = Unread { records, of: Of::Request(bytes.clone()), found: OnceLock::new() };
        let blocks = vec![Block { bytes, head: 0, merged: None }];
        Ok(Self { blocks, unread: Some(Arc::new(unread)), ..Self::default() })
    }

    /// These, one behind the other, as [`append`](Self::append) has it. Their index entries are brought together when somebody asks for them.
    #[must_use]
    pub fn joined(mut batches: Vec<Self>) -> Self {
        if batches.len() < 2 {
            return batches.pop().unwrap_or_default();
        }
        let mut whole = Self { origin: batches.first().map(|first| Arc::clone(&first.origin)).unwrap_or_default(), ..Self::default() };
        let mut records = 0;
        for batch in &batches {
            whole.append_beside(batch, records);
            whole.blocks.extend_from_slice(&batch.blocks);
            records += batch.len();
        }
        whole.unread = Some(Arc::new(Unread { records, of: Of::All(batches), found: OnceLock::new() }));
        whole
    }

    /// The Batch, or one of its blocks that knows where the records lie in them.
    #[inline(always)]
    pub(crate) fn found(&self) -> &Self {
        match &self.unread {
            None => self,
            Some(unread) => unread.found.get_or_init(|| unread.find()),
        }
    }

    /// The same where somebody asked before; else the Batch, without an index.
    pub(crate) fn found_so_far(&self) -> &Self {
        self.unread.as_ref().and_then(|unread| unread.found.get()).unwrap_or(self)
    }

    /// From now on the Batch itself knows where its records lie.
    pub(crate) fn find(&mut self) {
        let Some(unread) = self.unread.take() else { return };
        let found = unread.found.get_or_init(|| unread.find());
        self.blocks.clone_from(&found.blocks);
        self.groups.clone_from(&found.groups);
        self.index = Arc::clone(&found.index);
    }
}

impl Unread {
    #[inline(always)]
    pub(crate) fn records(&self) -> usize {
        self.records
    }

    #[cold]
    fn find(&self) -> Batch {
        match &self.of {
            Of::Request(bytes) => {
                let found = Batch::from_otlp(bytes.clone(), &LIMITS).ok().filter(|found| found.len() == self.records);
                // They were looked through before they were kept. Were it otherwise, each record still is where the heads say.
                found.unwrap_or_else(|| heads::by_heads(bytes))
            }
            Of::All(batches) => {
                let mut whole = Batch::default();
                for batch in batches {
                    whole.append_index(batch);
                }
                whole
            }
        }
    }
}
