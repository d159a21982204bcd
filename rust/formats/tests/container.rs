//! The logs of containers: the two streams of one file do not touch each other, whichever way the file is cut, and what waits is held.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{Decoder, OptionValue, Options, compile, detect};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Limits, Origin, Record, lossy};
use proptest::prelude::*;

fn open(format: &str, options: &[(&str, &str)], frame_bytes_max: usize) -> Box<dyn Decoder> {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), OptionValue::Str((*value).to_owned()))).collect();
    compile(format, &Options(options)).unwrap().open(frame_bytes_max)
}

fn text(record: &Record<'_>, name: &str) -> String {
    let value = if name == "body" { record.body() } else { record.attribute(name) };
    match value {
        Some(AnyValue::Str(text)) => lossy(text).into_owned(),
        None => String::new(),
        other => panic!("{name} is no text: {other:?}"),
    }
}

/// The batches of a source that is fed in pieces that end at `cuts`, each with what is held after it.
fn feed(decoder: &mut dyn Decoder, input: &str, cuts: &[usize]) -> Vec<(Batch, usize)> {
    let input = Bytes::copy_from_slice(input.as_bytes());
    let mut batches = Vec::new();
    let mut from = 0;
    for &cut in cuts.iter().chain([&input.len()]) {
        let to = cut.clamp(from, input.len());
        let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
        let held = decoder.feed(&input.slice(from..to), &mut out).from as usize;
        batches.push((out.finish(), held));
        from = to;
    }
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    decoder.flush(&mut out);
    batches.push((out.finish(), input.len()));
    batches
}

/// Stream and body of all records.
fn read(format: &str, options: &[(&str, &str)], input: &str, cuts: &[usize]) -> Vec<(String, String)> {
    let batches = feed(&mut *open(format, options, 1 << 20), input, cuts);
    let records =
        batches.iter().flat_map(|(batch, _)| batch.records().map(|record| (text(&record, "log.iostream"), text(&record, "body"))));
    records.collect()
}

type Line = fn(usize, bool, char, &str) -> String;

fn cri(at: usize, is_err: bool, tag: char, message: &str) -> String {
    format!("2026-11-21T10:40:59.{at:09}Z {} {tag} {message}\n", if is_err { "stderr" } else { "stdout" })
}

fn docker(at: usize, is_err: bool, tag: char, message: &str) -> String {
    let end = if tag == 'F' { "\\n" } else { "" };
    let message = message.replace('\t', "\\t").replace('"', "\\\"");
    format!(
        "{{\"log\":\"{message}{end}\",\"stream\":\"{}\",\"time\":\"2026-11-21T10:40:59.{at:09}Z\"}}\n",
        if is_err { "stderr" } else { "stdout" }
    )
}

#[test]
fn a_stream_that_falls_silent_is_not_waited_for() {
    let mut log = cri(1, true, 'F', "Error: no cart") + &cri(2, true, 'P', "    at load (x");
    log += "2026-11-21T10:41:03.5Z stdout F early\n2026-11-21T10:41:05Z stdout F late\n";
    let mut decoder = open("cri", &[("inside", "text")], 1 << 20);
    let batches = feed(&mut *decoder, &log, &[]);
    let (batch, held) = &batches[0];
    let bodies: Vec<_> = batch.records().map(|record| text(&record, "body")).collect();
    assert_eq!(bodies, ["Error: no cart\n    at load (x", "early"]);
    assert_eq!(&log[*held..], "2026-11-21T10:41:05Z stdout F late\n");
    // However long the other stream goes on within the same second, the file is not read again from far back.
    let log = cri(1, true, 'F', "waits") + &cri(2, false, 'F', &"x".repeat(1000)).repeat(6000);
    let batches = feed(&mut *open("cri", &[("inside", "text")], 1 << 20), &log, &[]);
    assert!(log.len() - batches[0].1 < 5 << 20);
    assert!(batches[0].0.records().any(|record| text(&record, "body") == "waits"));
}

#[test]
fn a_message_over_the_bound_is_kept_as_it_came() {
    let parts: Vec<_> = ["a", "b", "c"].iter().enumerate().map(|(at, letter)| cri(at, false, 'P', &letter.repeat(40))).collect();
    let log = parts.concat() + &cri(3, false, 'F', "d");
    let batches = feed(&mut *open("cri", &[("inside", "text")], 100), &log, &[]);
    let records: Vec<_> =
        batches.iter().flat_map(|(batch, _)| batch.records().map(|record| (record.is_reject(), text(&record, "body")))).collect();
    let kept: String = records.iter().filter(|(is_reject, _)| *is_reject).map(|(_, body)| body.as_str()).collect();
    assert_eq!((kept.as_str(), records.last().unwrap()), (parts.concat().trim_end(), &(false, "d".to_owned())));
}

#[test]
fn what_is_inside_is_found_for_each_stream() {
    let log: String = (0..20)
        .map(|at| match at % 2 {
            0 => cri(at, false, 'F', "{\"level\":\"warn\",\"msg\":\"slow\",\"took_ms\":7}"),
            _ => cri(at, true, 'F', "time=2026-11-21T10:40:59.509Z level=warn msg=\"slow query\" took_ms=812"),
        })
        .collect();
    assert_eq!(detect(log.as_bytes()).name, "cri");
    let read = read("auto", &[], &log, &[]);
    assert_eq!(read.iter().filter(|(stream, body)| stream == "stdout" && body == "slow").count(), 10);
    assert_eq!(read.iter().filter(|(stream, body)| stream == "stderr" && body == "slow query").count(), 10);
}

#[test]
fn another_program_may_write_in_between() {
    let klog = "E1121 10:40:59.509123       1 reflector.go:147] cannot list pods";
    let json = "{\"level\":\"warn\",\"msg\":\"slow\",\"took_ms\":7}";
    let log: String = (0..9).map(|at| cri(at, false, 'F', if at == 5 { klog } else { json })).collect();
    let read = read("cri", &[], &log, &[]);
    assert_eq!(read.iter().filter(|(_, body)| body == "slow").count(), 8);
    assert_eq!(read[5].1, "cannot list pods");
}

#[test]
fn blank_lines_of_an_object_that_is_torn_are_kept() {
    let bodies = |input: &str, cuts: &[usize]| {
        read("docker", &[("inside", "text")], input, cuts).into_iter().map(|(_, body)| body).collect::<Vec<_>>()
    };
    let torn = "{\"log\":\"a\n\nb\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T10:40:59.5Z\"}\n";
    let returned = "{\"log\":\"a\r\n\r\nb\nc\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T10:40:59.5Z\"}\r\n";
    for cut in 0..returned.len() {
        assert_eq!(bodies(returned, &[cut]), ["a\r\n\r\nb\nc"], "cut at {cut}");
    }
    // One that has no end is kept up to its last line.
    let cut_off = "{\n\n:\n\n";
    for cut in 0..torn.len() {
        assert_eq!(bodies(torn, &[cut]), ["a\n\nb"], "cut at {cut}");
        assert_eq!(bodies(cut_off, &[cut]), ["{\n\n:"], "cut at {cut}");
    }
}

#[test]
fn options_of_what_is_inside_stand_beside_it() {
    let wrong = |pairs: &[(&str, &str)]| {
        let options = pairs.iter().map(|(name, value)| ((*name).to_owned(), OptionValue::Str((*value).to_owned()))).collect();
        compile("cri", &Options(options)).map(|_| ()).unwrap_err().to_string()
    };
    assert!(
        compile(
            "cri",
            &Options(
                [("inside", "envoy"), ("format_string", "%PROTOCOL%")]
                    .map(|(name, value)| (name.to_owned(), OptionValue::Str(value.to_owned())))
                    .into()
            )
        )
        .is_ok()
    );
    assert!(wrong(&[("format_string", "%PROTOCOL%")]).starts_with("format_string: format 'cri' has no such option"));
    assert!(wrong(&[("inside", "envoi")]).contains("did you mean 'envoy'?"));
    assert_eq!(wrong(&[("inside", "zipkin")]), "inside: 'zipkin' is not made of lines as programs write them");
    assert_eq!(wrong(&[("inside", "docker")]), "inside: 'docker' is not made of lines as programs write them");
}

/// A line of a trace, or of none.
fn message() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{1,12}",
        Just("Error: no cart".to_owned()),
        Just("\tat shop.Cart.load(Cart.java:38)".to_owned()),
        Just("Traceback (most recent call last):".to_owned()),
        Just("  File \"a.py\", line 1, in a".to_owned()),
        Just("panic: boom".to_owned()),
        Just("goroutine 1 [running]:".to_owned()),
        Just(String::new()),
    ]
}

proptest! {
    /// Interleaved as they may be, each stream's records are those that it has alone; and the cuts of the file do not matter.
    #[test]
    fn streams_do_not_touch(
        lines in prop::collection::vec((any::<bool>(), prop_oneof![4 => Just('F'), 1 => Just('P')], message()), 0..20),
        cuts in prop::collection::vec(0..1500usize, 0..4),
        is_docker in any::<bool>(),
    ) {
        let (format, line): (_, Line) = if is_docker { ("docker", docker) } else { ("cri", cri) };
        let lines: Vec<_> = lines.iter().enumerate().map(|(at, (is_err, tag, message))| (*is_err, line(at, *is_err, *tag, message))).collect();
        let log: String = lines.iter().map(|(_, line)| line.as_str()).collect();
        let mut cuts = cuts;
        cuts.sort_unstable();
        let options = [("inside", "text")];
        let whole = read(format, &options, &log, &[]);
        prop_assert_eq!(&read(format, &options, &log, &cuts), &whole);
        for (is_err, name) in [(false, "stdout"), (true, "stderr")] {
            let alone: String = lines.iter().filter(|(of, _)| *of == is_err).map(|(_, line)| line.as_str()).collect();
            let of_stream: Vec<_> = whole.iter().filter(|(stream, _)| stream == name).cloned().collect();
            prop_assert_eq!(read(format, &options, &alone, &[]), of_stream);
        }
    }

    /// Every line of the file that is not blank stands in a record or is held: a file that is read on from there loses nothing.
    #[test]
    fn what_is_not_in_records_is_held(
        lines in prop::collection::vec((any::<bool>(), prop_oneof![4 => Just('F'), 1 => Just('P')], message()), 1..20),
        cut in 0..1500usize,
    ) {
        let log: String = lines.iter().enumerate().map(|(at, (is_err, tag, message))| cri(at, *is_err, *tag, message)).collect();
        let batches = feed(&mut *open("cri", &[("inside", "text")], 1 << 20), &log, &[cut]);
        let (first, held) = &batches[0];
        let kept: Vec<String> = first.records().map(|record| text(&record, "log.record.original")).collect();
        for line in log[..*held].lines().filter(|line| !line.ends_with("F ") && !line.ends_with("P ")) {
            prop_assert!(kept.iter().any(|original| original.lines().any(|kept| kept == line)), "{} is lost before {}", line, held);
        }
    }
}

/// After a crash a source is read again from what was held. A record of one stream that has lines behind that place must not come again
/// without its beginning.
#[test]
fn what_is_read_again_is_whole_on_both_streams() {
    let lines = [
        cri(0, true, 'F', "2026-11-21T16:00:00Z ERROR it broke"),
        cri(1, false, 'P', "2026-11-21T16:00:01Z INFO a long "),
        cri(2, true, 'F', "java.lang.IllegalStateException: no"),
        cri(3, true, 'F', "\tat a.B.c(B.java:1)"),
        cri(4, true, 'F', "2026-11-21T16:00:02Z INFO on"),
        cri(5, false, 'F', "line"),
        cri(6, true, 'F', "\tat a.B.d(B.java:2)"),
        cri(7, true, 'P', "2026-11-21T16:00:03Z INFO in "),
        cri(8, false, 'F', "2026-11-21T16:00:04Z INFO between"),
        cri(9, true, 'F', "two"),
        cri(10, true, 'F', "2026-11-21T16:00:05Z INFO end"),
    ];
    let input = lines.concat();
    let options = [("inside", "text")];
    let whole = read("cri", &options, &input, &[]);
    for cut in 0..input.len() {
        let held = feed(&mut *open("cri", &options, 1 << 20), &input, &[cut])[0].1;
        for record in read("cri", &options, &input[held..], &[]) {
            assert!(whole.contains(&record), "cut at {cut}, held from {held}: {record:?}");
        }
    }
}

proptest! {
    /// The same of any two streams: what a restart reads again are records that there are.
    #[test]
    fn what_is_read_again_is_whole_however_streams_mix(
        lines in prop::collection::vec((any::<bool>(), prop_oneof![2 => Just('F'), 1 => Just('P')], any::<bool>()), 1..24),
        cut in 0..2000usize,
        is_docker in any::<bool>(),
    ) {
        let (format, line): (_, Line) = if is_docker { ("docker", docker) } else { ("cri", cri) };
        let mut lines: Vec<_> = lines.into_iter().enumerate().map(|(at, (is_err, tag, goes_on))| (at, is_err, tag, goes_on)).collect();
        // A file ends no message in its middle: what is there of one is told when it is flushed.
        lines.extend([(lines.len(), false, 'F', true), (lines.len() + 1, true, 'F', true)]);
        let mut is_begun = [false; 2];
        let log: String = lines
            .iter()
            .map(|&(at, is_err, tag, goes_on)| {
                let begins = !std::mem::replace(&mut is_begun[usize::from(is_err)], tag == 'P');
                let message = match (begins, goes_on) {
                    (true, true) => format!("\tat a.B.c{at}(B.java:1)"),
                    (true, false) => format!("2026-11-21T16:00:00Z ERROR java.lang.IllegalStateException: {at}"),
                    (false, _) => format!("part {at}"),
                };
                line(at, is_err, tag, &message)
            })
            .collect();
        // What begins with the file may be the rest of what was in another: it comes as it is.
        let options = [("inside", "text")];
        let whole = read(format, &options, &log, &[]);
        let held = feed(&mut *open(format, &options, 1 << 20), &log, &[cut])[0].1;
        for record in read(format, &options, &log[held..], &[]) {
            prop_assert!(whole.contains(&record), "cut at {cut}, held from {held}: {record:?} is none of {whole:#?}");
        }
    }
}
