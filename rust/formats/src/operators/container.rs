//! The operator `container`: a line as a container's runtime wrote it.

use super::{
    config::{Place, Result},
    entry::{Base, Entry, Field, Root},
    facts::{Facts, Failed, MISSING},
    parsers::Known,
    value::{Str, Value},
};
use crate::time;

/// Which runtime's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Docker,
    Cri,
    /// Each line says.
    Any,
}

#[derive(Debug)]
pub(super) struct Container {
    kind: Kind,
    from: Field,
    facts: Facts,
}

impl Container {
    pub(super) fn compile(place: &Place<'_>) -> Result<Self> {
        let kind = match place.text("format")? {
            None | Some("") => Kind::Any,
            Some("docker") => Kind::Docker,
            Some("containerd" | "crio") => Kind::Cri,
            Some(_) => return Err(place.error("format", "there are docker, containerd and crio")),
        };
        place.bool("add_metadata_from_filepath")?; // the receiver says which pod and container a file is of
        let from = place.one_field("parse_from")?.unwrap_or_else(|| Field::of(Root::Body, &[]));
        Ok(Self { kind, from, facts: Facts::compile(place)? })
    }

    /// Takes it apart; whether its message is joined with those of the lines that follow.
    pub(super) fn read<'a>(&'a self, entry: &mut Entry<'a>, base: &'a Base, known: Known) -> std::result::Result<bool, Failed> {
        let Some(Value::Str(line)) = entry.get(&self.from, base) else { return Err(MISSING) };
        let is_docker = self.kind == Kind::Docker || (self.kind == Kind::Any && line.bytes().first() == Some(&b'{'));
        let line = line.clone();
        if is_docker {
            docker(&line, entry, known)?;
        } else {
            cri(&line, entry)?;
        }
        self.facts.read(entry, base, known.arrival_unix_nano)?;
        Ok(!is_docker)
    }
}

const NO_TIME: Failed = "the line has no time";

fn docker<'a>(line: &Str<'a>, entry: &mut Entry<'a>, known: Known) -> std::result::Result<(), Failed> {
    const BAD: Failed = "the line is no object of Docker's";
    let read = match line {
        Str::Ref(text) => Value::json(*text, known.depth_max),
        Str::Own(_) => Value::json(line.text(), known.depth_max).map(Value::into_static),
    };
    let Ok(Value::Map(mut map)) = read else { return Err(BAD) };
    let (Some(log), Some(stream), Some(Value::Str(time))) = (map.remove("log"), map.remove("stream"), map.remove("time")) else {
        return Err("the line lacks log, stream or time");
    };
    entry.time_unix_nano = time::parse(time.bytes()).map_err(|_| NO_TIME)?;
    entry.body = log;
    entry.attributes.merge(map);
    entry.attributes.set("log.iostream".into(), stream);
    Ok(())
}

/// `TIME stdout|stderr TAG MESSAGE`.
fn cri<'a>(line: &Str<'a>, entry: &mut Entry<'a>) -> std::result::Result<(), Failed> {
    const BAD: Failed = "the line is not of the Container Runtime Interface";
    let bytes = line.bytes();
    let end_of = |from: usize| bytes.get(from..).and_then(|rest| memchr::memchr(b' ', rest)).map(|len| from + len);
    let time_end = end_of(0).ok_or(BAD)?;
    let stream_end = end_of(time_end + 1).ok_or(BAD)?;
    let tag_end = end_of(stream_end + 1).unwrap_or(bytes.len());
    let part = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
    if !matches!(part(time_end + 1, stream_end), b"stdout" | b"stderr") {
        return Err(BAD);
    }
    entry.time_unix_nano = time::parse(part(0, time_end)).map_err(|_| NO_TIME)?;
    let slice = |from: usize, to: usize| match line {
        Str::Ref(text) => Str::Ref(text.slice(from..to)),
        Str::Own(_) => Str::bytes_of(part(from, to)),
    };
    let (stream, tag, log) = (slice(time_end + 1, stream_end), slice(stream_end + 1, tag_end), slice(tag_end + 1, bytes.len()));
    entry.attributes.set("log.iostream".into(), Value::Str(stream));
    entry.attributes.set("logtag".into(), Value::Str(tag));
    entry.body = Value::Str(log);
    Ok(())
}
