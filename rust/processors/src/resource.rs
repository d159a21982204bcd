//! `resource`: the actions of [`attributes`](crate::attributes) on resources.

use logloom_record::{Batch, Edit, Overlay, Shared};

use crate::{
    Outcome, Processor,
    attributes::{Action, act},
};

/// Actions on the attributes of resources.
#[derive(Debug)]
pub struct ResourceAttributes {
    actions: Vec<Action>,
}

impl ResourceAttributes {
    /// In this order.
    pub fn new(actions: Vec<Action>) -> Self {
        Self { actions }
    }
}

impl Processor for ResourceAttributes {
    fn apply(&self, batch: Batch, _outcome: &mut Outcome) -> Batch {
        let mut overlay = Overlay::resource();
        batch.edit(
            |_, _| Edit::Keep,
            |which, message, out| {
                if which != Shared::Resource {
                    return false;
                }
                overlay.clear();
                act(&self.actions, message, 1, batch.origin(), &mut overlay);
                if !overlay.is_empty() {
                    overlay.write(message, out);
                }
                !overlay.is_empty()
            },
        )
    }
}
