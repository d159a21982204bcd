//! Weighing the divisions of a line, where values hold the text that should end them.

use std::{cell::Cell, ops::Range};

use logloom_record::Text;
use memchr::memrchr;

use super::{
    Shape, Template,
    compile::Step,
    nearly::Nearly,
    read::{Visit, Wrong, is_absent},
};
use crate::{scan, time::Context};

/// How many ways to end a value are looked at in one line, beside four for each of its bytes; a line that hides its ends better is
/// refused.
const WAYS_MAX: usize = 4096;
/// The highest cost of a division that is looked for: seven values that the program itself made are not what they usually are.
pub(super) const COST_MAX: usize = 63;
/// A search that needed more memory than for so many places gives it back.
const KEPT_MAX: usize = 1 << 16;

/// A division of a line, as far as it is decided.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The node of the field before; in a [`Task`] whose ends are looked at, the node itself.
    before: u32,
    /// Which field begins here.
    field: u16,
    /// Where.
    start: usize,
    /// Where the field before ends.
    end: usize,
}

/// The ends of a value that are still to be looked at: first those that leave it usual, at a higher cost the others.
#[derive(Clone, Copy, Debug)]
struct Task {
    node: Node,
    /// From where on ends are looked for, and up to where: `None` before anything was.
    ends: Option<(usize, usize)>,
}

impl Template {
    /// The division of a line into values in which the fewest are unusual for their shape, weighted, and its cost; of equal ones that in
    /// which earlier values are shorter. `None` where the line is not of the template.
    ///
    /// Values at the end of the line that cannot hold the literal before them are taken off first. The rest is looked for from the left,
    /// divisions without unusual values before others; each place where a field may begin is looked at once.
    #[cold]
    #[inline(never)]
    pub fn search(&self, line: Text<'_>, context: &Context) -> Option<(u32, Vec<Range<usize>>)> {
        self.search_up_to(COST_MAX as u32, line, &[], context)
    }

    /// The same; a division that costs more than `cost_max` is none. `starts`: where the first fields begin, as far as reading from the left
    /// came; of these, the ones that can end nowhere else are not looked for again.
    #[inline(never)]
    pub(crate) fn search_up_to(
        &self,
        cost_max: u32,
        line: Text<'_>,
        starts: &[u32],
        context: &Context,
    ) -> Option<(u32, Vec<Range<usize>>)> {
        if !line.bytes().starts_with(&self.prefix.bytes) {
            return None;
        }
        let sure = self.sure(line, starts);
        let begin = if sure > 0 { starts.get(sure).copied().unwrap_or_default() as usize } else { self.prefix.behind(line, 0) };
        let (cost, mut values) = self.known(line, starts, sure, context);
        let nearly = Nearly { template: self, line, starts, context };
        if cost == 0
            && cost_max > 0
            && let Some(cost) = nearly.divide(begin, &mut values)
        {
            return Some((cost, values));
        }
        self.weigh(cost_max, line, (sure, begin), context, (cost, values))
    }

    /// The same, where the first fields, `sure` of them, are `values` at that cost, and the next one begins at `begin`.
    pub(super) fn weigh(
        &self,
        cost_max: u32,
        line: Text<'_>,
        (sure, begin): (usize, usize),
        context: &Context,
        (cost, mut values): (usize, Vec<Range<usize>>),
    ) -> Option<(u32, Vec<Range<usize>>)> {
        if !self.has_literals_in_order(line, sure, if sure > 0 { begin } else { self.prefix.bytes.len() }) {
            return None;
        }
        let mut tail = self.tail(line.bytes())?;
        tail.truncate(self.steps.len() - sure);
        let open = self.steps.len() - tail.len();
        let goal = tail.last().map_or(line.len(), |value| value.start);
        let mut search = Search::new(self, line, context, open, goal);
        let found =
            search.run(Node { before: 0, field: sure as u16, start: begin, end: 0 }, cost, (cost_max as usize).min(COST_MAX), &mut values);
        search.room.keep();
        let cost = found?;
        values.extend(tail.into_iter().rev());
        Some((cost, values))
    }

    /// How many of the fields that begin at these places, from the first on, end at one place only. The last of the places is where reading
    /// got stuck.
    fn sure(&self, line: Text<'_>, starts: &[u32]) -> usize {
        let before = starts.split_last().map_or(&[][..], |(_, before)| before);
        self.steps.iter().zip(before).take_while(|(step, at)| step.has_one_end(line, **at as usize)).count()
    }

    /// The first `sure` values, which begin at these places, and what they cost.
    fn known(&self, line: Text<'_>, starts: &[u32], sure: usize, context: &Context) -> (usize, Vec<Range<usize>>) {
        let mut values = Vec::with_capacity(self.steps.len());
        let mut cost = 0;
        for (step, places) in self.steps.iter().take(sure).zip(starts.windows(2)) {
            let &[at, next] = places else { break };
            let at = at as usize;
            // Where blanks follow, as many as there are, the next field's beginning does not tell.
            let told = if step.literal.blanks { step.end(line, at, context).ok().map(|(end, _)| end) } else { None };
            let end = told.unwrap_or((next as usize).saturating_sub(step.literal.bytes.len())).max(at);
            let is_told = step.spec.time.is_some() || step.spec.shape == Shape::Quoted;
            if !is_told && step.spec.shape.usual().run(line.bytes(), at, end) < end - at && line.bytes().get(at..end) != Some(b"-") {
                cost += step.spec.shape.weight() as usize;
            }
            values.push(at..end);
        }
        (cost, values)
    }

    /// Hands the values that [`search`](Self::search) found to `visit`.
    pub fn replay<V: Visit>(&self, line: Text<'_>, values: &[Range<usize>], mut visit: V) -> V {
        for (i, range) in values.iter().enumerate() {
            let value = line.slice(range.clone());
            if !is_absent(value) {
                visit = visit.text(i, value);
            } else if self.steps.get(i).is_some_and(|step| step.spec.shape == Shape::Nothing) {
                visit = visit.nothing(i, range.start);
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

    /// Whether the literals behind the fields from `first` on stand in the line in their order, from `at` on: if not, no division can be good.
    fn has_literals_in_order(&self, line: Text<'_>, first: usize, mut at: usize) -> bool {
        if !self.steps.last().is_none_or(|step| line.bytes().ends_with(&step.literal.bytes)) {
            return false;
        }
        for step in self.steps.get(first..).unwrap_or_default() {
            let Some(found) = step.literal.find(line, at) else { return false };
            at = found + step.literal.bytes.len();
        }
        true
    }

    /// The values at the end of the line, from the last one, that begin behind the last place of a literal that they cannot hold.
    /// `None` where one has what it cannot have.
    fn tail(&self, line: &[u8]) -> Option<Vec<Range<usize>>> {
        let mut values = Vec::new();
        let mut behind = line.len();
        for pair in self.steps.windows(2).rev() {
            let [before, step] = pair else { break };
            let literal = &before.literal.bytes;
            if step.spec.time.is_some() || literal.iter().all(|byte| step.possible.has(*byte)) {
                break;
            }
            let end = behind.checked_sub(step.literal.bytes.len())?;
            let literal_end = last_of(line.get(..end)?, literal)? + literal.len();
            let more = if before.literal.blanks {
                line.get(literal_end..end)?.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
            } else {
                0
            };
            let start = literal_end + more;
            let len = end - start;
            let is_absent = line.get(start..end) == Some(b"-");
            if step.possible.run(line, start, end) != len && !is_absent {
                return None;
            }
            values.push(start..end);
            behind = start;
        }
        Some(values)
    }
}

/// Where a text that is not empty stands last.
fn last_of(line: &[u8], text: &[u8]) -> Option<usize> {
    let mut end = line.len();
    loop {
        let at = memrchr(*text.first()?, line.get(..end)?)?;
        if line.get(at..).is_some_and(|rest| rest.starts_with(text)) {
            return Some(at);
        }
        end = at;
    }
}

/// The memory of a search.
#[derive(Debug, Default)]
struct Room {
    nodes: Vec<Node>,
    /// By cost; and a bit for each cost that has some.
    tasks: Vec<Vec<Task>>,
    open: u64,
    /// How many there were.
    pushed: usize,
    /// One bit for each field and place: whether the ends from there were looked at.
    seen: Vec<u64>,
}

thread_local! {
    /// The memory of this thread's last search.
    static ROOM: Cell<Option<Box<Room>>> = const { Cell::new(None) };
}

impl Room {
    /// Empties it for a search of the next line.
    fn keep(mut self: Box<Self>) {
        self.nodes.clear();
        self.seen.clear();
        while self.open != 0 {
            if let Some(tasks) = self.tasks.get_mut(self.open.trailing_zeros() as usize) {
                tasks.clear();
            }
            self.open &= self.open - 1;
        }
        if self.nodes.capacity().max(self.seen.capacity()).max(self.pushed) <= KEPT_MAX {
            self.pushed = 0;
            ROOM.set(Some(self));
        }
    }
}

struct Search<'s> {
    template: &'s Template,
    line: Text<'s>,
    context: &'s Context,
    /// How many fields are to be found, and where the text behind the last of them ends.
    open: usize,
    goal: usize,
    room: Box<Room>,
    ways: usize,
}

impl<'s> Search<'s> {
    fn new(template: &'s Template, line: Text<'s>, context: &'s Context, open: usize, goal: usize) -> Self {
        let mut room = ROOM.take().unwrap_or_default();
        room.seen.resize(((open + 1) * (line.len() + 1)).div_ceil(64), 0);
        room.tasks.resize_with(COST_MAX + 1, Vec::new);
        Self { template, line, context, open, goal, room, ways: 0 }
    }

    /// Looks for the division behind `first`, whose values cost `cost` so far, and adds its values to `values`; answers what it costs.
    fn run(&mut self, first: Node, cost: usize, cost_max: usize, values: &mut Vec<Range<usize>>) -> Option<u32> {
        self.push(cost, Task { node: first, ends: None });
        while self.room.open != 0 {
            let cost = self.room.open.trailing_zeros() as usize;
            if cost > cost_max {
                return None;
            }
            let Some(task) = self.room.tasks.get_mut(cost).and_then(Vec::pop) else {
                self.room.open &= self.room.open - 1;
                continue;
            };
            let field = usize::from(task.node.field);
            if field == self.open && task.node.start == self.goal {
                self.values(first.field, task.node, values);
                return Some(cost as u32);
            }
            if let Some(step) = self.template.steps.get(field).filter(|_| field < self.open) {
                self.expand(step, cost, task);
            }
            self.ways += 1;
            if self.ways > WAYS_MAX + 4 * self.line.len() {
                return None;
            }
        }
        None
    }

    fn push(&mut self, cost: usize, task: Task) {
        if let Some(tasks) = self.room.tasks.get_mut(cost) {
            tasks.push(task);
            self.room.open |= 1 << cost;
            self.room.pushed += 1;
        }
    }

    fn is_new(&mut self, node: Node) -> bool {
        let bit = usize::from(node.field) * (self.line.len() + 1) + node.start;
        let Some(word) = self.room.seen.get_mut(bit / 64) else { return false };
        let is_new = *word >> (bit % 64) & 1 == 0;
        *word |= 1 << (bit % 64);
        is_new
    }

    /// Takes the next end of the value that begins at the task's node; the ends behind it wait.
    fn expand(&mut self, step: &Step, cost: usize, task: Task) {
        let (mut node, literal_len) = (task.node, step.literal.bytes.len());
        let (from, to) = if let Some(ends) = task.ends {
            ends
        } else {
            if !self.is_new(node) {
                return;
            }
            let (first, usual, possible) = self.limits(step, node.start);
            self.room.nodes.push(node);
            if possible > usual {
                let later = Task { node: Node { before: self.room.nodes.len() as u32 - 1, ..node }, ends: Some((usual + 1, possible)) };
                self.push(cost + step.spec.shape.weight() as usize, later);
            }
            node.before = self.room.nodes.len() as u32 - 1;
            (first, usual)
        };
        let is_last = usize::from(node.field) + 1 == self.open;
        let end = if is_last {
            self.goal.checked_sub(literal_len).filter(|end| *end >= from && step.literal.stands(self.line, *end))
        } else if literal_len == 0 {
            Some(to)
        } else {
            step.literal.find(self.line, from)
        };
        let Some(end) = end.filter(|end| *end <= to) else { return };
        if !is_last && literal_len > 0 {
            self.push(cost, Task { node, ends: Some((end + 1, to)) });
        }
        let start = if is_last { self.goal } else { step.literal.behind(self.line, end) };
        let next = Node { before: node.before, field: node.field + 1, start, end };
        self.push(cost, Task { node: next, ends: None });
    }

    /// From where on the value that begins at `start` may end, up to where it may and be usual, and up to where at all.
    fn limits(&self, step: &Step, start: usize) -> (usize, usize, usize) {
        let bytes = self.line.bytes();
        if step.spec.time.is_some() {
            // A time is told by its pattern; what is none has no end at all.
            return step.time(self.line, start, self.context).map_or((1, 0, 0), |(_, end)| (end, end, end));
        }
        if step.spec.shape == Shape::Quoted {
            let end = super::read::quoted_end(self.line, start);
            return end.map_or((1, 0, 0), |end| (end, end, end));
        }
        let absent = start + usize::from(bytes.get(start) == Some(&b'-'));
        let run = |class: super::class::Class| (start + class.run(bytes, start, bytes.len())).max(absent);
        let possible = if step.possible.is_all() { bytes.len() } else { run(step.possible) };
        let usual = match step.spec.shape {
            // Up to the next quote.
            Shape::Any | Shape::Escaped => start + scan::find(self.line.after(start), b'"').unwrap_or(bytes.len().saturating_sub(start)),
            shape => run(shape.usual()),
        };
        let usual = usual.max(absent).min(possible);
        let cut = step.spec.cut_bytes.map_or(usual, |max| start.saturating_add(max).max(absent));
        (start, usual.min(cut), possible)
    }

    /// Adds the values up to `node`, from field `first` on.
    fn values(&self, first: u16, node: Node, values: &mut Vec<Range<usize>>) {
        let known = values.len();
        let mut behind = node;
        while behind.field > first {
            let Some(node) = self.room.nodes.get(behind.before as usize) else { break };
            values.push(node.start..behind.end);
            behind = *node;
        }
        if let Some(found) = values.get_mut(known..) {
            found.reverse();
        }
    }
}
