//! Every record goes where a naive model says, and the counts balance.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{collections::BTreeMap, fmt::Write, sync::Arc, time::Duration};

use bytes::Bytes;
use logloom_formats::{Options, compile};
use logloom_intake::{Connector, Intake, Messages, Pipeline, Pipelines, Route, Routing, Sender};
use logloom_journal::{Cursor, CursorOptions, Journal, Outcome, Start, Step};
use logloom_processors::Filter;
use logloom_record::{Delivery, Limits, expr::Condition};
use proptest::prelude::*;

/// A record as the model knows it: its resource, its attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    resource: u8,
    attribute: u8,
}

/// A condition as the model knows it; its text is for the program.
#[derive(Clone, Copy, Debug)]
enum Ask {
    All,
    Resource(u8),
    Attribute(u8),
    Either(u8, u8),
    Tenant(bool),
}

impl Ask {
    fn holds(self, record: Made) -> bool {
        match self {
            Self::All => true,
            Self::Resource(value) => record.resource == value,
            Self::Attribute(value) => record.attribute >= value,
            Self::Either(resource, attribute) => record.resource == resource || record.attribute == attribute,
            Self::Tenant(is_ours) => is_ours,
        }
    }

    fn text(self) -> String {
        match self {
            Self::All => "true".into(),
            Self::Resource(value) => format!("resource[\"r\"] == {value}"),
            Self::Attribute(value) => format!("attributes[\"a\"] >= {value}"),
            Self::Either(resource, attribute) => format!("resource[\"r\"] == {resource} or attributes[\"a\"] == {attribute}"),
            Self::Tenant(is_ours) => format!("tenant == \"{}\"", if is_ours { "ours" } else { "theirs" }),
        }
    }

    fn condition(self) -> Condition {
        Condition::parse(&self.text()).unwrap()
    }
}

/// A pipeline: fed by the receiver or not, a condition or none, a filter's condition or none, an exporter or none.
#[derive(Clone, Debug)]
struct Pipe {
    is_fed: bool,
    when: Option<Ask>,
    drop: Option<Ask>,
    exports: bool,
}

/// A connector: which pipelines give it records, its routes, and where the rest goes; pipelines by number.
#[derive(Clone, Debug)]
struct Link {
    from: Vec<usize>,
    routes: Vec<(Ask, Vec<usize>)>,
    default: Vec<usize>,
    is_first: bool,
}

#[derive(Clone, Debug)]
struct World {
    pipes: Vec<Pipe>,
    links: Vec<Link>,
    default: Option<usize>,
    is_first: bool,
}

fn name(pipe: usize) -> String {
    format!("logs/{pipe}")
}

/// What the model counts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// The records journalled for each pipeline, as often as they are.
    kept: BTreeMap<usize, Vec<usize>>,
    unrouted: u64,
}

impl World {
    fn push(&self, id: usize, record: Made, told: &mut Told) {
        let mut takers: Vec<usize> = (0..self.pipes.len())
            .filter(|at| self.pipes[*at].is_fed && self.pipes[*at].when.is_none_or(|when| when.holds(record)))
            .collect();
        takers.truncate(if self.is_first { 1 } else { usize::MAX });
        told.unrouted += u64::from(takers.is_empty());
        for at in if takers.is_empty() { self.default.into_iter().collect() } else { takers } {
            self.through(at, id, record, told);
        }
    }

    fn through(&self, at: usize, id: usize, record: Made, told: &mut Told) {
        if self.pipes[at].drop.is_some_and(|drop| drop.holds(record)) {
            return;
        }
        if self.pipes[at].exports {
            told.kept.entry(at).or_default().push(id);
        }
        for link in self.links.iter().filter(|link| link.from.contains(&at)) {
            let mut routes: Vec<&[usize]> = link.routes.iter().filter(|route| route.0.holds(record)).map(|route| &*route.1).collect();
            routes.truncate(if link.is_first { 1 } else { usize::MAX });
            if routes.is_empty() {
                told.unrouted += u64::from(link.default.is_empty());
                routes.push(&link.default);
            }
            for to in routes.into_iter().flatten().filter(|to| self.pipes[**to].when.is_none_or(|when| when.holds(record))) {
                self.through(*to, id, record, told);
            }
        }
    }

    fn pipelines(&self) -> Pipelines {
        let pipeline = |(at, pipe): (usize, &Pipe)| {
            let drops = pipe.drop.map(|drop| (Arc::from("filter"), Arc::new(Filter::new(vec![drop.condition()], Vec::new())) as _));
            Pipeline {
                name: name(at).into(),
                receivers: if pipe.is_fed { vec!["in".into()] } else { Vec::new() },
                when: pipe.when.map(Ask::condition),
                processors: drops.into_iter().collect(),
                connectors: (0..self.links.len())
                    .filter(|link| self.links[*link].from.contains(&at))
                    .map(|link| link.to_string())
                    .collect(),
                is_passage: !pipe.exports,
            }
        };
        let names = |pipes: &[usize]| pipes.iter().map(|at| name(*at)).collect::<Vec<_>>();
        let connector = |(at, link): (usize, &Link)| Connector {
            name: at.to_string().into(),
            routes: link
                .routes
                .iter()
                .enumerate()
                .map(|(at, (ask, to))| Route { name: at.to_string().into(), when: Some(ask.condition()), pipelines: names(to) })
                .collect(),
            default: names(&link.default),
            is_first: link.is_first,
        };
        let connectors = self.links.iter().enumerate().map(connector).collect();
        let routing = Routing { default: self.default.map(name), is_first: self.is_first, connectors };
        Pipelines::with(self.pipes.iter().enumerate().map(pipeline).collect(), routing).unwrap()
    }
}

/// Runs of records of one resource, as OTLP in JSON: one `resourceLogs` each. A record's body is its number.
fn otlp(records: &[Made]) -> Bytes {
    let mut runs = String::new();
    let mut id = 0;
    for run in records.chunk_by(|a, b| a.resource == b.resource) {
        let mut inside = String::new();
        for record in run {
            let comma = if inside.is_empty() { "" } else { "," };
            let attribute = record.attribute;
            write!(
                inside,
                "{comma}{{\"body\":{{\"stringValue\":\"<{id}>\"}},\"attributes\":[{{\"key\":\"a\",\"value\":{{\"intValue\":\"{attribute}\"}}}}]}}"
            )
            .unwrap();
            id += 1;
        }
        let (comma, resource) = (if runs.is_empty() { "" } else { "," }, run[0].resource);
        write!(
            runs,
            "{comma}{{\"resource\":{{\"attributes\":[{{\"key\":\"r\",\"value\":{{\"intValue\":\"{resource}\"}}}}]}},\"scopeLogs\":[{{\"logRecords\":[{inside}]}}]}}"
        )
        .unwrap();
    }
    format!("{{\"resourceLogs\":[{runs}]}}").into()
}

fn ids(cursor: &Cursor) -> Vec<usize> {
    let mut ids = Vec::new();
    while let Some(Step { batch, position }) = cursor.next(1000, 1 << 20, Duration::ZERO) {
        cursor.done(position, Outcome { delivered: batch.len() as u64, ..Outcome::default() }, None).unwrap();
        for entry in batch.index() {
            let text = String::from_utf8_lossy(batch.record_bytes(entry)).into_owned();
            ids.push(text.split_once('<').unwrap().1.split_once('>').unwrap().0.parse().unwrap());
        }
    }
    ids.sort_unstable();
    ids
}

/// What the program makes of the records: what is journalled, and what it counted.
fn run(world: &World, records: &[Made]) -> (Told, Arc<Intake>) {
    let journal = Journal::memory(1 << 26);
    let cursor = |at: usize| CursorOptions { name: name(at).into(), pipelines: vec![name(at).into()], start: Start::Tail };
    let exporting = (0..world.pipes.len()).filter(|at| world.pipes[*at].exports);
    let cursors: Vec<(usize, Cursor)> = exporting.map(|at| (at, journal.cursor(cursor(at)).unwrap())).collect();
    let intake = Intake::new(journal, world.pipelines(), Limits::DEFAULT);
    let format = compile("otlp_json", &Options::default()).unwrap();
    let messages = Messages::new(Arc::clone(&intake), "in", format, true);
    let pushed = messages.push(otlp(records), Sender { tenant: "ours", ..Sender::default() });
    assert!(matches!(pushed, Delivery::Done(_)), "{pushed:?}");
    let kept = cursors.iter().map(|(at, cursor)| (*at, ids(cursor))).filter(|(_, ids)| !ids.is_empty()).collect();
    let unrouted = intake.counters().read().unrouted;
    (Told { kept, unrouted }, intake)
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        1 => Just(Ask::All),
        3 => (0u8..3).prop_map(Ask::Resource),
        3 => (0u8..5).prop_map(Ask::Attribute),
        2 => (0u8..3, 0u8..5).prop_map(|(resource, attribute)| Ask::Either(resource, attribute)),
        1 => any::<bool>().prop_map(Ask::Tenant),
    ]
}

/// A connector as it is drawn: from, routes, rest, first or all.
type Drawn = (Vec<prop::sample::Index>, Vec<Path>, Vec<prop::sample::Index>, bool);
type Path = (Ask, Vec<prop::sample::Index>);

/// Connectors lead from pipelines of lower numbers to those of higher ones, so that none goes in a circle.
fn world() -> impl Strategy<Value = World> {
    let pipe = (prop::bool::weighted(0.4), prop::option::of(ask()), prop::option::weighted(0.3, ask()), any::<bool>())
        .prop_map(|(is_fed, when, drop, exports)| Pipe { is_fed, when, drop, exports });
    let pipes = prop::collection::vec(pipe, 1..7);
    let targets = || prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let link = (
        prop::collection::vec(any::<prop::sample::Index>(), 1..3),
        prop::collection::vec((ask(), targets()), 0..4),
        targets(),
        any::<bool>(),
    );
    (pipes, prop::collection::vec(link, 0..4), prop::option::of(any::<prop::sample::Index>()), any::<bool>()).prop_map(
        |(pipes, links, default, is_first)| {
            let count = pipes.len();
            let link = |(from, routes, rest, is_first): Drawn| {
                let mut from: Vec<usize> = from.iter().map(|at| at.index(count)).collect();
                from.sort_unstable();
                from.dedup();
                let least = from.last().unwrap() + 1;
                let to = |names: Vec<prop::sample::Index>| -> Vec<usize> {
                    if least >= count { Vec::new() } else { names.iter().map(|at| least + at.index(count - least)).collect() }
                };
                let routes = routes.into_iter().map(|(ask, names)| (ask, to(names))).collect();
                Link { from, routes, default: to(rest), is_first }
            };
            let default = default.map(|at: prop::sample::Index| at.index(count));
            World { links: links.into_iter().map(link).collect(), pipes, default, is_first }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_goes_where_a_naive_model_says(
        world in world(),
        records in prop::collection::vec((0u8..3, 0u8..5).prop_map(|(resource, attribute)| Made { resource, attribute }), 1..24),
    ) {
        let mut expected = Told::default();
        records.iter().enumerate().for_each(|(id, record)| world.push(id, *record, &mut expected));
        let (told, intake) = run(&world, &records);
        prop_assert_eq!(&told, &expected);
        let accounts = intake.journal().accounts();
        prop_assert_eq!(accounts.balance(), Ok(()));
        prop_assert_eq!(accounts.receivers["in"].unrouted, expected.unrouted);
    }
}

fn pipe(is_fed: bool, exports: bool) -> Pipe {
    Pipe { is_fed, when: None, drop: None, exports }
}

#[test]
fn routes_are_counted_and_ways_that_change_nothing_share_their_bytes() {
    let link = Link {
        from: vec![0],
        routes: vec![(Ask::Resource(1), vec![1, 2]), (Ask::Attribute(3), vec![2])],
        default: vec![1],
        is_first: true,
    };
    let world =
        World { pipes: vec![pipe(true, false), pipe(false, true), pipe(false, true)], links: vec![link], default: None, is_first: false };
    let records = [(1, 0), (1, 4), (0, 4), (2, 0)].map(|(resource, attribute)| Made { resource, attribute });
    let (told, intake) = run(&world, &records);
    assert_eq!(told.kept, BTreeMap::from([(1, vec![0, 1, 3]), (2, vec![0, 1, 2])]));
    let counted = intake.counters().read();
    assert_eq!(counted.routes["0"], BTreeMap::from([("0".into(), 2), ("1".into(), 1), ("default".into(), 1)]));
    let row = &intake.journal().accounts().pipelines["logs/0"];
    assert_eq!((row.made, row.passed_on, row.journalled), (4, 4, 0));
}

#[test]
fn one_push_is_one_entry_whatever_the_ways() {
    let link = |from, to| Link { from: vec![from], routes: Vec::new(), default: to, is_first: true };
    let links = vec![link(0, vec![1, 2]), link(1, vec![3]), link(2, vec![3])];
    let world = World { pipes: (0..4).map(|at| pipe(at == 0, at == 3)).collect(), links, default: None, is_first: false };
    let (told, intake) = run(&world, &[Made { resource: 0, attribute: 0 }]);
    assert_eq!(told.kept, BTreeMap::from([(3, vec![0, 0])]), "two ways to it: it comes twice, as in the Collector");
    assert_eq!(intake.journal().accounts().position, 1);
}

#[test]
fn circles_and_too_many_ways_are_refused() {
    let pipeline =
        |at: usize, connectors: &[String]| Pipeline { name: name(at).into(), connectors: connectors.to_vec(), ..Pipeline::default() };
    let forward = |name: &str, to: &[String]| Connector { name: name.into(), default: to.to_vec(), ..Connector::default() };
    let refused = |pipelines: Vec<Pipeline>, connectors: Vec<Connector>| {
        Pipelines::with(pipelines, Routing { connectors, ..Routing::default() }).unwrap_err().to_string()
    };
    let circle = vec![pipeline(0, &["a".into()]), pipeline(1, &["b".into()])];
    let why = refused(circle, vec![forward("a", &[name(1)]), forward("b", &[name(0)])]);
    assert_eq!(why, "records would go in a circle: logs/0 → logs/1 → logs/0");
    let doubling = (0..12).map(|at| pipeline(at, &if at < 11 { vec![at.to_string()] } else { Vec::new() })).collect();
    let twice = (0..11).map(|at: usize| forward(&at.to_string(), &[name(at + 1), name(at + 1)])).collect();
    assert!(refused(doubling, twice).contains("more than 1024 ways"));
    let chain = (0..70).map(|at| pipeline(at, &if at < 69 { vec![at.to_string()] } else { Vec::new() })).collect();
    let once = (0..69).map(|at: usize| forward(&at.to_string(), &[name(at + 1)])).collect();
    assert!(refused(chain, once).contains("more than 64 pipelines"));
    assert!(refused(vec![pipeline(0, &["x".into()])], Vec::new()).contains("'x' is no connector"));
    assert!(refused(vec![pipeline(0, &[])], vec![forward("a", &["y".into()])]).contains("connector 'a': 'y' is no pipeline"));
}
