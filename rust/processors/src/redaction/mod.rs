//! `redaction`: personal data and secrets, found in every text of a record before anything reaches the journal.
//!
//! One pass over a text marks where something could begin; there the rules are asked in turn, each with its own check, until one is sure.

mod action;
mod addresses;
mod checksum;
mod context;
mod numbers;
mod pairs;
mod pattern;
mod phone;
mod places;
mod prefilter;
mod rules;
mod scan;
mod tokens;
mod walk;
mod words;

use std::sync::Arc;

use logloom_record::{Batch, Edit, Shared};

pub use action::{Action, Pseudonyms};
pub use pattern::Pattern;
pub use rules::Rule;

use crate::{Outcome, Processor};
use places::Groups;
use prefilter::Prefilter;
use rules::Wanted;
use scan::Hit;
use walk::{Change, Texts};

/// A pattern of the user's own.
#[derive(Clone, Debug)]
pub struct Custom {
    /// Its name, for the counters.
    pub name: String,
    /// What it looks for.
    pub pattern: Pattern,
    /// What is done with it.
    pub action: Action,
}

/// What is looked for, and what is done with it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The rules that are used, with their actions.
    pub rules: Vec<(Rule, Action)>,
    /// Patterns besides.
    pub custom: Vec<Custom>,
    /// Texts that are left alone: what one of these matches, as a whole.
    pub allowed_values: Vec<Pattern>,
    /// Attributes whose texts are masked as a whole, whatever they say.
    pub blocked_keys: Vec<Pattern>,
    /// Attributes that nothing is looked for in.
    pub ignored_keys: Vec<String>,
    /// Where given, all other attributes are dropped.
    pub allowed_keys: Option<Vec<String>>,
    /// For [`Action::Hmac`].
    pub pseudonyms: Option<Pseudonyms>,
}

/// The processor.
#[derive(Debug)]
pub struct Redaction {
    settings: Settings,
    groups: Groups,
    actions: Vec<Action>,
    names: Vec<Arc<str>>,
    custom_names: Vec<Arc<str>>,
    blocked: Arc<str>,
    dropped: Arc<str>,
    prefilter: Option<Prefilter>,
}

impl Redaction {
    /// From its settings; without [`Settings::pseudonyms`], [`Action::Hmac`] masks.
    pub fn new(settings: Settings) -> Self {
        let mut actions = vec![Action::default(); Rule::ALL.len()];
        for (rule, action) in &settings.rules {
            if let Some(slot) = actions.get_mut(*rule as usize) {
                *slot = *action;
            }
        }
        Self {
            groups: Groups::of(Wanted::of(settings.rules.iter().map(|(rule, _)| *rule))),
            actions,
            names: Rule::ALL.iter().map(|rule| rule.name().into()).collect(),
            custom_names: settings.custom.iter().map(|custom| custom.name.as_str().into()).collect(),
            blocked: "blocked_key".into(),
            dropped: "not_allowed_key".into(),
            prefilter: Prefilter::of(&settings),
            settings,
        }
    }

    /// The same, which walks every record: what [`Processor::apply`] does is held against it.
    #[doc(hidden)]
    #[must_use]
    pub fn walking_all(self) -> Self {
        Self { prefilter: None, ..self }
    }

    /// What is found in a text that is the value of `key`: where, and by which rule. For trying rules out.
    pub fn find(&self, key: &str, text: &[u8]) -> Vec<(usize, usize, &str)> {
        let mut hits = Vec::new();
        self.hits(key.as_bytes(), text, &mut hits);
        hits.iter().map(|found| (found.start, found.end, &**self.name(found))).collect()
    }

    fn name(&self, found: &Found) -> &Arc<str> {
        match found.by {
            By::Rule(rule) => self.names.get(rule as usize).unwrap_or(&self.blocked),
            By::Custom(at) => self.custom_names.get(at).unwrap_or(&self.blocked),
            By::Key => &self.blocked,
        }
    }

    fn action(&self, found: &Found) -> Action {
        match found.by {
            By::Rule(rule) => self.actions.get(rule as usize).copied().unwrap_or_default(),
            By::Custom(at) => self.settings.custom.get(at).map(|custom| custom.action).unwrap_or_default(),
            By::Key => Action::Mask,
        }
    }

    /// In order, none within another.
    fn hits(&self, key: &[u8], text: &[u8], found: &mut Vec<Found>) {
        let settings = &self.settings;
        if !key.is_empty() && settings.blocked_keys.iter().any(|pattern| pattern.regex().is_match(key)) {
            found.push(Found { start: 0, end: text.len(), by: By::Key });
            return;
        }
        // A key that names a secret: the whole value is one.
        if self.groups.pairs
            && !key.is_empty()
            && let Some(rule) = pairs::rule_of(key).filter(|rule| self.groups.wanted.has(*rule))
            && !pairs::says_nothing(text)
        {
            let start = if rule == Rule::Authorization { pairs::credentials(text, 0, text.len()) } else { 0 };
            found.push(Found { start, end: text.len(), by: By::Rule(rule) });
            return;
        }
        let mut hits = Vec::new();
        if !settings.rules.is_empty() {
            scan::scan(text, key, &self.groups, &mut hits);
        }
        found.extend(hits.iter().map(|Hit { start, end, rule }| Found { start: *start, end: *end, by: By::Rule(*rule) }));
        for (at, custom) in settings.custom.iter().enumerate() {
            let matches = custom.pattern.regex().find_iter(text).filter(|found| !found.is_empty());
            found.extend(matches.map(|part| Found { start: part.start(), end: part.end(), by: By::Custom(at) }));
        }
        if found.is_empty() {
            return;
        }
        if !settings.allowed_values.is_empty() {
            found.retain(|found| {
                let part = text.get(found.start..found.end).unwrap_or_default();
                !settings.allowed_values.iter().any(|allowed| allowed.regex().find(part).is_some_and(|whole| whole.len() == part.len()))
            });
        }
        found.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
        let mut end = 0;
        found.retain(|found| {
            let is_apart = found.start >= end;
            if is_apart {
                end = found.end;
            }
            is_apart
        });
    }
}

#[derive(Clone, Copy, Debug)]
struct Found {
    start: usize,
    end: usize,
    by: By,
}

#[derive(Clone, Copy, Debug)]
enum By {
    Rule(Rule),
    Custom(usize),
    Key,
}

/// One Batch on its way.
struct Pass<'a> {
    redaction: &'a Redaction,
    tenant: &'a str,
    outcome: &'a mut Outcome,
    found: Vec<Found>,
}

impl Texts for Pass<'_> {
    fn text(&mut self, key: &[u8], text: &[u8]) -> Change {
        let redaction = self.redaction;
        if redaction.settings.ignored_keys.iter().any(|ignored| ignored.as_bytes() == key) && !key.is_empty() {
            return Change::Keep;
        }
        // A record may be looked at for another text of it, or for a number that looks like one.
        if let Some(prefilter) = &redaction.prefilter
            && !prefilter.may_have(text)
            && (redaction.settings.blocked_keys.is_empty() || !prefilter.may_have(key))
        {
            return Change::Keep;
        }
        self.found.clear();
        redaction.hits(key, text, &mut self.found);
        if self.found.is_empty() {
            return Change::Keep;
        }
        let (mut out, mut copied, mut is_dropped) = (Vec::with_capacity(text.len() + 16), 0, false);
        for found in &self.found {
            let (name, action) = (redaction.name(found), redaction.action(found));
            self.outcome.count(name, 1);
            is_dropped |= action == Action::Drop && !key.is_empty();
            out.extend_from_slice(text.get(copied..found.start).unwrap_or_default());
            let part = text.get(found.start..found.end).unwrap_or_default();
            action::replace(action, name, self.tenant, redaction.settings.pseudonyms.as_ref(), part, &mut out);
            copied = found.end;
        }
        if is_dropped {
            return Change::Drop;
        }
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
        Change::Text(out)
    }

    fn allows(&mut self, key: &[u8]) -> bool {
        let Some(allowed) = &self.redaction.settings.allowed_keys else { return true };
        let is_allowed = allowed.iter().chain(&self.redaction.settings.ignored_keys).any(|allowed| allowed.as_bytes() == key);
        if !is_allowed {
            self.outcome.count(&self.redaction.dropped, 1);
        }
        is_allowed
    }
}

impl Processor for Redaction {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let origin = Arc::clone(batch.origin());
        let pass = std::cell::RefCell::new(Pass { redaction: self, tenant: &origin.tenant, outcome, found: Vec::new() });
        let marks = self.prefilter.as_ref().map(|prefilter| prefilter.marks(&batch));
        let may_have = |position: usize| marks.as_ref().is_none_or(|marks| marks.get(position) == Some(&true));
        batch.edit_bytes(
            |position, record, out| match may_have(position).then(|| walk::record(record, &mut *pass.borrow_mut())).flatten() {
                Some(record) => {
                    out.extend_from_slice(&record);
                    Edit::Write
                }
                None => Edit::Keep,
            },
            |shared, message, out| {
                let number = if shared == Shared::Resource { 1 } else { 3 };
                let made = walk::attributes(message, number, &mut *pass.borrow_mut());
                out.extend_from_slice(made.as_deref().unwrap_or_default());
                made.is_some()
            },
        )
    }
}
