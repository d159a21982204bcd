//! Resolves names, and refuses what would run for ever.

use std::{collections::HashMap, sync::Arc};

use super::{Connector, Junction, Pipeline, PipelineError, Pipelines, Route, Routing, Stage, Way, split::When};

/// The most ways that one record can go, from a receiver to where it is journalled.
const WAYS_MAX: usize = 1024;
/// The most pipelines one behind the other.
const DEPTH_MAX: usize = 64;

type Named<T> = Result<T, PipelineError>;

pub(super) fn pipelines(all: Vec<Pipeline>, routing: Routing) -> Named<Pipelines> {
    let Routing { default, is_first, connectors } = routing;
    let places = places(all.iter().map(|pipeline| &pipeline.name), "pipeline")?;
    let junctions = self::places(connectors.iter().map(|connector| &connector.name), "connector")?;
    let find = |name: &String, whose: &dyn Fn() -> String| {
        places.get(&**name).copied().ok_or_else(|| PipelineError(format!("{}: '{name}' is no pipeline", whose())))
    };
    let default = match &default {
        None => None,
        Some(name) => Some(find(name, &|| "default_pipeline".to_owned())?),
    };
    let mut by_receiver: HashMap<String, Vec<usize>> = HashMap::new();
    let mut stages = Vec::with_capacity(all.len());
    for (place, pipeline) in all.into_iter().enumerate() {
        let Pipeline { name, receivers, when, processors, connectors, is_passage } = pipeline;
        for receiver in receivers {
            let fed = by_receiver.entry(receiver).or_default();
            if fed.last() != Some(&place) {
                fed.push(place);
            }
        }
        let next =
            |id: &String| junctions.get(&**id).copied().ok_or_else(|| PipelineError(format!("pipeline '{name}': '{id}' is no connector")));
        let next = connectors.iter().map(next).collect::<Named<_>>()?;
        stages.push(Stage { name, when: when.map(When::new), processors, next, is_passage });
    }
    let junction = |connector: Connector| {
        let Connector { name, routes, default, is_first } = connector;
        let to = |names: &[String]| names.iter().map(|to| find(to, &|| format!("connector '{name}'"))).collect::<Named<Vec<_>>>();
        let way = |route: Route| Ok(Way { to: to(&route.pipelines)?, name: route.name, when: route.when.map(When::new) });
        let ways = routes.into_iter().map(way).collect::<Named<_>>()?;
        let default = to(&default)?;
        Ok(Junction { name, ways, default, is_first })
    };
    let junctions = connectors.into_iter().map(junction).collect::<Named<_>>()?;
    let waits = stages.iter().flat_map(|stage| &stage.processors).any(|(_, processor)| processor.waits());
    let mut made = Pipelines {
        all: stages,
        waits,
        junctions,
        by_receiver,
        default,
        dead_letters: None,
        is_first,
        order: Vec::new(),
        taps: Arc::default(),
    };
    let mut walk = Walk { made: &made, ways: vec![None; made.all.len()], path: Vec::new(), done: Vec::new() };
    walk.all()?;
    walk.done.reverse();
    made.order = walk.done;
    Ok(made)
}

/// The place of each name.
fn places<'a>(names: impl Iterator<Item = &'a Arc<str>>, what: &str) -> Named<HashMap<Arc<str>, usize>> {
    let mut places = HashMap::new();
    for (place, name) in names.enumerate() {
        if places.insert(Arc::clone(name), place).is_some() {
            return Err(PipelineError(format!("{what} '{name}' is defined twice")));
        }
    }
    Ok(places)
}

/// Goes every way once.
struct Walk<'a> {
    made: &'a Pipelines,
    /// How many ways lead on from each pipeline, where that is known.
    ways: Vec<Option<usize>>,
    path: Vec<usize>,
    /// Each behind those that its records go on to.
    done: Vec<usize>,
}

impl Walk<'_> {
    fn all(&mut self) -> Named<()> {
        (0..self.made.all.len()).try_for_each(|place| self.from(place).map(drop))
    }

    fn from(&mut self, place: usize) -> Named<usize> {
        let Some(stage) = self.made.all.get(place) else { return Ok(0) };
        if let Some(start) = self.path.iter().position(|on| *on == place) {
            let names = self.path.iter().skip(start).chain([&place]).filter_map(|on| self.made.all.get(*on)).map(|on| &*on.name);
            return Err(PipelineError(format!("records would go in a circle: {}", names.collect::<Vec<_>>().join(" → "))));
        }
        if let Some(known) = self.ways.get(place).copied().flatten() {
            return Ok(known);
        }
        if self.path.len() >= DEPTH_MAX {
            return Err(PipelineError(format!("more than {DEPTH_MAX} pipelines one behind the other, up to '{}'", stage.name)));
        }
        self.path.push(place);
        let mut ways = 1;
        for junction in stage.next.iter().filter_map(|next| self.made.junctions.get(*next)) {
            for to in junction.ways.iter().flat_map(|way| &way.to).chain(&junction.default) {
                ways += self.from(*to)?;
                if ways > WAYS_MAX {
                    return Err(PipelineError(format!("more than {WAYS_MAX} ways lead on from pipeline '{}'", stage.name)));
                }
            }
        }
        self.path.pop();
        self.done.push(place);
        if let Some(known) = self.ways.get_mut(place) {
            *known = Some(ways);
        }
        Ok(ways)
    }
}
