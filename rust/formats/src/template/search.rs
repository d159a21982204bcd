//! Weighing all divisions of a line, where values hold the text that should end them.

use std::ops::Range;

use logloom_record::Text;
use memchr::memmem;

use super::{
    Template,
    compile::Step,
    read::{Visit, Wrong, is_absent},
};
use crate::time::Context;

/// How many places of one literal are weighed: these many from the left and as many from the right.
const PLACES_PER_SIDE_MAX: usize = 64;
/// How far a value is looked at to see whether it is usual, in bytes.
const LOOK_BYTES_MAX: usize = 4096;

/// The best way from the beginning of a field to the end of the line.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Where the field begins.
    start: usize,
    cost: u32,
    /// Where the field ends.
    end: usize,
}

impl Template {
    /// The division of a line into values in which the fewest are unusual for their shape, weighted; of equal ones that in which earlier
    /// values are shorter. `None` where the line is not of the template. The cost comes with it.
    #[cold]
    #[inline(never)]
    pub fn search(&self, line: Text<'_>, context: &Context) -> Option<(u32, Vec<Range<usize>>)> {
        let bytes = line.bytes();
        if !bytes.starts_with(&self.prefix.bytes) || !self.has_literals_in_order(bytes) {
            return None;
        }
        // Where each field may begin: behind the literal before it; behind nothing, where the field before it ends.
        let mut starts = vec![vec![self.prefix.bytes.len()]];
        for step in self.steps.iter().take(self.steps.len().saturating_sub(1)) {
            let next = if step.literal.bytes.is_empty() {
                starts.last()?.iter().filter_map(|start| step.end(line, *start, context).ok()).map(|(end, _)| end).collect()
            } else {
                places(bytes, &step.literal.bytes)
            };
            starts.push(next);
        }
        // From the right: what the best way from each place costs.
        let mut layers: Vec<Vec<Way>> = Vec::with_capacity(self.steps.len() + 1);
        layers.push(vec![Way { start: bytes.len(), cost: 0, end: bytes.len() }]);
        for (step, starts) in self.steps.iter().zip(&starts).rev() {
            let layer = layer(step, line, starts, layers.last()?, context);
            if layer.is_empty() {
                return None;
            }
            layers.push(layer);
        }
        let mut at = self.prefix.bytes.len();
        let mut cost = None;
        let mut values = Vec::with_capacity(self.steps.len());
        for (step, layer) in self.steps.iter().zip(layers.iter().rev()) {
            let way = layer.iter().find(|way| way.start == at)?;
            cost.get_or_insert(way.cost);
            values.push(way.start..way.end);
            at = way.end + step.literal.bytes.len();
        }
        Some((cost.unwrap_or(0), values))
    }

    /// Hands the values that [`search`](Self::search) found to `visit`.
    pub fn replay<V: Visit>(&self, line: Text<'_>, values: &[Range<usize>], mut visit: V) -> V {
        for (i, range) in values.iter().enumerate() {
            let value = line.slice(range.clone());
            if !is_absent(value) {
                visit = visit.text(i, value);
            }
        }
        visit
    }

    /// The time of a field that [`search`](Self::search) found there, in nanoseconds since the epoch; 0 where it names no moment.
    pub fn time_at(&self, line: Text<'_>, which: usize, values: &[Range<usize>], context: &Context) -> Result<u64, Wrong> {
        match (self.steps.get(which), values.get(which)) {
            (Some(step), Some(value)) => step.time(line, value.start, context).map(|(time, _)| time),
            _ => Ok(0),
        }
    }

    /// Whether the literals stand in the line in their order: if not, no division can be good.
    fn has_literals_in_order(&self, line: &[u8]) -> bool {
        let mut rest = line.get(self.prefix.bytes.len()..).unwrap_or_default();
        for step in &self.steps {
            let Some(at) = memmem::find(rest, &step.literal.bytes) else { return false };
            rest = rest.get(at + step.literal.bytes.len()..).unwrap_or_default();
        }
        self.steps.last().is_none_or(|step| line.ends_with(&step.literal.bytes))
    }
}

/// Behind which places of `literal` a field may begin.
fn places(line: &[u8], literal: &[u8]) -> Vec<usize> {
    let behind = |at: usize| at + literal.len();
    // Overlapping ones count too: in `"""` a quote may end two values.
    let all = (0..line.len()).filter(|at| line.get(*at..).is_some_and(|rest| rest.starts_with(literal)));
    let mut places: Vec<usize> = all.map(behind).collect();
    if places.len() > 2 * PLACES_PER_SIDE_MAX {
        places.drain(PLACES_PER_SIDE_MAX..places.len() - PLACES_PER_SIDE_MAX);
    }
    places
}

/// The best ways from each of `starts`, given those from the field behind.
fn layer(step: &Step, line: Text<'_>, starts: &[usize], behind: &[Way], context: &Context) -> Vec<Way> {
    let bytes = line.bytes();
    let literal_len = step.literal.bytes.len();
    let mut ways = Vec::with_capacity(starts.len());
    // From the right, so that a run that reaches the next start is known already.
    let mut run = (usize::MAX, 0);
    for &start in starts.iter().rev() {
        let possible = if step.possible.is_all() {
            bytes.len()
        } else {
            let next = run.0.min(bytes.len());
            let len = step.possible.run(bytes, start, next);
            let end = if start + len == next && next == run.0 { run.1 } else { start + len };
            run = (start, end);
            end
        };
        let usual = start + step.spec.shape.usual().run(bytes, start, bytes.len().min(start + LOOK_BYTES_MAX));
        let exactly = step.spec.time.as_ref().map(|_| step.time(line, start, context).map_or(usize::MAX, |(_, end)| end));
        let mut best: Option<Way> = None;
        for next in behind {
            let Some(end) = next.start.checked_sub(literal_len).filter(|end| *end >= start) else { continue };
            if !bytes.get(end..).is_some_and(|rest| rest.starts_with(&step.literal.bytes)) {
                continue;
            }
            let absent = end == start || (end == start + 1 && bytes.get(start) == Some(&b'-'));
            if !absent && (end > possible || exactly.is_some_and(|exactly| exactly != end)) {
                continue;
            }
            let within = step.spec.cut_bytes.is_none_or(|max| end - start <= max);
            let unusual = !absent && (exactly.is_none() && end > usual || !within);
            let cost = next.cost + if unusual { step.spec.shape.weight() } else { 0 };
            if best.is_none_or(|best| cost < best.cost) {
                best = Some(Way { start, cost, end });
            }
        }
        ways.extend(best);
    }
    ways.reverse();
    ways
}
