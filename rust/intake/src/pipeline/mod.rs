//! Which records go where: the pipelines, and the connectors between them.

use std::{collections::HashMap, sync::Arc};

use logloom_processors::Processor;
use logloom_record::expr::Condition;

mod build;
mod run;
mod split;

pub(crate) use run::Routed;
use split::When;

use crate::taps::Taps;

/// One pipeline of the config.
#[derive(Default)]
pub struct Pipeline {
    /// Its id, `logs/mesh`.
    pub name: Arc<str>,
    /// The ids of the receivers whose records it takes.
    pub receivers: Vec<String>,
    /// Which of the records that come to it; all without it.
    pub when: Option<Condition>,
    /// What is done with them, in this order: each under its id.
    pub processors: Vec<(Arc<str>, Arc<dyn Processor>)>,
    /// The ids of the connectors that it hands its records to.
    pub connectors: Vec<String>,
    /// It has no exporter of its own: nothing is journalled for it.
    pub is_passage: bool,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("name", &self.name).field("receivers", &self.receivers).finish_non_exhaustive()
    }
}

/// What hands the records of some pipelines on to others.
#[derive(Clone, Debug, Default)]
pub struct Connector {
    /// Its id, `routing/tenants`.
    pub name: Arc<str>,
    /// The routes, in this order.
    pub routes: Vec<Route>,
    /// Where what no route takes goes: names of pipelines. With none it goes nowhere, and is counted.
    pub default: Vec<String>,
    /// A record takes the first route that wants it; else all of them.
    pub is_first: bool,
}

/// One way on.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// What counters call it.
    pub name: Arc<str>,
    /// The records that take it; all without it.
    pub when: Option<Condition>,
    /// Where it leads: names of pipelines.
    pub pipelines: Vec<String>,
}

/// What holds for all pipelines.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// The name of the pipeline for records that match none.
    pub default: Option<String>,
    /// Of the pipelines of its receiver a record goes to the first that wants it; else to all of them.
    pub is_first: bool,
    /// What stands between pipelines.
    pub connectors: Vec<Connector>,
}

/// What is wrong with a set of pipelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineError(pub String);

impl std::fmt::Display for PipelineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PipelineError {}

/// All pipelines, every name in them resolved.
#[derive(Debug)]
pub struct Pipelines {
    all: Vec<Stage>,
    junctions: Vec<Junction>,
    /// By receiver, the pipelines that it feeds, in the order of the config.
    by_receiver: HashMap<String, Vec<usize>>,
    default: Option<usize>,
    dead_letters: Option<usize>,
    is_first: bool,
    /// One of the processors may wait.
    waits: bool,
    /// All places, each before those that its records go on to.
    order: Vec<usize>,
    /// Who looks on.
    pub(crate) taps: Arc<Taps>,
}

/// A pipeline, compiled.
pub(crate) struct Stage {
    pub(crate) name: Arc<str>,
    when: Option<When>,
    pub(crate) processors: Vec<(Arc<str>, Arc<dyn Processor>)>,
    /// The connectors behind it.
    next: Vec<usize>,
    is_passage: bool,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("name", &self.name).field("next", &self.next).finish_non_exhaustive()
    }
}

/// A connector, compiled.
#[derive(Debug)]
struct Junction {
    name: Arc<str>,
    ways: Vec<Way>,
    default: Vec<usize>,
    is_first: bool,
}

#[derive(Debug)]
struct Way {
    name: Arc<str>,
    when: Option<When>,
    to: Vec<usize>,
}

impl Pipelines {
    /// Pipelines without connectors; `default` is the name of the one for records that match none.
    pub fn new(all: Vec<Pipeline>, default: Option<&str>) -> Result<Self, PipelineError> {
        Self::with(all, Routing { default: default.map(Into::into), ..Routing::default() })
    }

    /// Pipelines, and what stands between them. Refused are names that stand for nothing, circles, and more ways than a push should go.
    pub fn with(all: Vec<Pipeline>, routing: Routing) -> Result<Self, PipelineError> {
        build::pipelines(all, routing)
    }

    /// The same; the records that processors could do nothing with go to the pipeline with this name too.
    pub fn with_dead_letters(mut self, name: Option<&str>) -> Result<Self, PipelineError> {
        if let Some(name) = name {
            let found = self.all.iter().position(|stage| &*stage.name == name);
            self.dead_letters = Some(found.ok_or_else(|| PipelineError(format!("dead_letter_pipeline '{name}' is no pipeline")))?);
        }
        Ok(self)
    }

    /// Whether this very processor is in one of them.
    pub(crate) fn has(&self, processor: &Arc<dyn Processor>) -> bool {
        self.all.iter().flat_map(|pipeline| &pipeline.processors).any(|(_, one)| Arc::ptr_eq(one, processor))
    }

    /// Whether one of their processors may wait.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// Their names.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.all.iter().map(|stage| Arc::clone(&stage.name)).collect()
    }

    /// All of them, each before those that its records go on to.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Stage> {
        self.order.iter().filter_map(|place| self.all.get(*place))
    }

    /// The names of the connectors' routes, each with its connector's.
    pub fn routes(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let of = |junction: &Junction| {
            let names = junction.ways.iter().map(|way| Arc::clone(&way.name)).chain([Arc::from(run::DEFAULT)]);
            names.map(|name| (Arc::clone(&junction.name), name)).collect::<Vec<_>>()
        };
        self.junctions.iter().flat_map(of).collect()
    }
}
