//! Envoy's access log as text: its default, Istio's, and any format string.

use std::{ops::Range, sync::Arc};

use logloom_record::{BatchWriter, RecordCursor, RejectReason, Text};

use crate::{
    About, Decoder, Format, Likely, OptionDoc, OptionError, Options, Spec,
    envoy::{Line, Target, Trace, write},
    open_framed,
    template::{FoundTime, Visit, Wrong},
    time::{Context, Zone, is_millis_z},
};

/// The row of `envoy`.
pub static SPEC: Spec = Spec {
    name: "envoy",
    about: About {
        line: "Envoy's and Istio's access log as text, of any format string",
        page: "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage",
        example: concat!(
            r#"[2026-11-21T10:43:36.826Z] "POST /api/v1/cart?item=7 HTTP/1.1" 200 - 154 17 226 100 "203.0.113.9" "curl/8.9.1" "#,
            r#""889d9cf9-6b60-4c93-a389-cc7ce23d7918" "shop.example.com" "10.0.2.1:8080""#
        ),
    },
    options: &[OptionDoc {
        name: "format_string",
        doc: "string: the format as in Envoy's configuration (`text_format_source.inline_string`); without it, Envoy's default and Istio's \
              are told apart line by line",
    }],
    compile,
};

/// Envoy's default.
const DEFAULT: &str = concat!(
    r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% "#,
    r#"%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "#,
    r#""%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#
);

/// What Istio's formats have between the flags and the sizes, and whether they end with the route: now, 1.6 to 1.8, 1.3 to 1.5, and
/// 1.1 and 1.2.
const ISTIO: [(&str, &str); 4] = [
    (r#"%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%""#, " %ROUTE_NAME%"),
    (r#""%UPSTREAM_TRANSPORT_FAILURE_REASON%""#, " %ROUTE_NAME%"),
    (r#""%DYNAMIC_METADATA(istio.mixer:status)%" "%UPSTREAM_TRANSPORT_FAILURE_REASON%""#, " %ROUTE_NAME%"),
    (r#""%DYNAMIC_METADATA(istio.mixer:status)%""#, ""),
];

fn istio(after_flags: &str, route: &str) -> String {
    const FLAGS: &str = "%RESPONSE_FLAGS% ";
    let added =
        "%UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME%";
    format!("{} {added}{route}", DEFAULT.replace(FLAGS, &format!("{FLAGS}{after_flags} ")))
}

/// A division of this cost or more makes a value unusual that Envoy itself wrote, so the line is rather of another format.
const COST_DOUBTFUL: u32 = 8;

struct Envoy {
    lines: Vec<Line>,
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "format_string";
    let compiled = |text: &str| Line::compile(text).map_err(|e| OptionError::new(OPTION, e.message).at(e.at));
    let lines = if let Some(text) = options.str(OPTION)? {
        vec![compiled(text)?]
    } else {
        let istio = ISTIO.iter().map(|(after_flags, route)| istio(after_flags, route));
        std::iter::once(DEFAULT.to_owned()).chain(istio).map(|text| compiled(&text)).collect::<Result<_, _>>()?
    };
    Ok(Arc::new(Envoy { lines, zone: options.zone()? }))
}

/// Writes values as they are read.
struct Writing<'w, 'f> {
    rec: RecordCursor<'w>,
    trace: &'f mut Trace,
    targets: &'f [Option<Target>],
}

impl Visit for Writing<'_, '_> {
    #[inline(always)]
    fn text(mut self, i: usize, value: Text<'_>) -> Self {
        if let Some(Some(target)) = self.targets.get(i) {
            self.rec = write::text(self.rec, target, value, self.trace);
        }
        self
    }

    #[inline(always)]
    fn number(mut self, i: usize, value: i64) -> Self {
        if let Some(Some(target)) = self.targets.get(i) {
            self.rec = write::number(self.rec, target, value);
        }
        self
    }
}

impl Line {
    #[inline(always)]
    fn begin<'w, 'f>(&'f self, line: Text<'_>, time: u64, trace: &'f mut Trace, out: &'w mut BatchWriter) -> Writing<'w, 'f> {
        let keep = out.keeps_original();
        let rec = out.begin(time, 0, Text::EMPTY);
        let rec = if keep { rec.body(line) } else { rec };
        Writing { rec, trace, targets: &self.targets }
    }

    #[inline(always)]
    fn read(&self, line: Text<'_>, context: &Context, out: &mut BatchWriter) -> Result<(), Wrong> {
        let time = match self.time_field {
            Some(which) => self.template.time(line, which, context)?,
            None => FoundTime::NONE,
        };
        let mut trace = Trace::default();
        let written = self.template.read(line, context, &time, self.begin(line, time.unix_nano, &mut trace, out))?;
        written.rec.finish(&written.trace.tail());
        Ok(())
    }
}

#[cold]
fn reason(wrong: Wrong) -> RejectReason {
    if wrong.is_value { RejectReason::value(wrong.what, wrong.at) } else { RejectReason::syntax(wrong.what, wrong.at) }
}

impl Envoy {
    /// Which format a line most likely has: Envoy's default ends with a quote; Istio's older ones have one right behind the flags.
    #[inline(always)]
    fn guess(&self, line: Text<'_>) -> usize {
        usize::from(self.lines.len() > 1 && line.bytes().last() != Some(&b'"'))
    }

    /// A value holds the text that should end it, or the line is not what it looks like: the divisions of the line, then the other formats,
    /// then their divisions.
    #[cold]
    #[inline(never)]
    fn otherwise(&self, guess: usize, wrong: Wrong, line: Text<'_>, context: &Context, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let search = |i: usize, known: &Line| known.template.search(line, context).map(|(cost, values)| (cost, i, values));
        let likely = self.lines.get(guess).and_then(|known| search(guess, known));
        if let Some((cost, _, values)) = &likely
            && *cost < COST_DOUBTFUL
        {
            return self.write_found(guess, values, line, context, out);
        }
        let mut furthest = wrong;
        let others = || self.lines.iter().enumerate().filter(|(i, _)| *i != guess);
        for (_, other) in others() {
            match other.template.read(line, context, &FoundTime::NONE, Nothing) {
                Ok(Nothing) => return other.read(line, context, out).map_err(reason),
                Err(wrong) if wrong.at > furthest.at && !furthest.is_value => furthest = wrong,
                Err(_) => {}
            }
        }
        let found = likely.into_iter().chain(others().filter_map(|(i, other)| search(i, other)));
        match found.min_by_key(|(cost, ..)| *cost) {
            Some((_, which, values)) => self.write_found(which, &values, line, context, out),
            None => Err(reason(furthest)),
        }
    }

    /// Writes the values that a search found.
    fn write_found(
        &self,
        which: usize,
        values: &[Range<usize>],
        line: Text<'_>,
        context: &Context,
        out: &mut BatchWriter,
    ) -> Result<(), RejectReason> {
        let Some(known) = self.lines.get(which) else { return Ok(()) };
        let time = known.time_field.map_or(Ok(0), |field| known.template.time_at(line, field, values, context)).map_err(reason)?;
        let mut trace = Trace::default();
        let written = known.template.replay(line, values, known.begin(line, time, &mut trace, out));
        written.rec.finish(&written.trace.tail());
        Ok(())
    }
}

/// Passes over the values of a line, to see whether it is of a format.
struct Nothing;

impl Visit for Nothing {
    fn text(self, _: usize, _: Text<'_>) -> Self {
        self
    }

    fn number(self, _: usize, _: i64) -> Self {
        self
    }
}

impl Format for Envoy {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let time = frame.get(1..).and_then(<[u8]>::first_chunk);
        let begins = frame.first() == Some(&b'[') && time.is_some_and(is_millis_z) && frame.get(25..28) == Some(b"] \"");
        if begins { Likely(95) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let context = Context::of(self.zone, out);
        let guess = self.guess(frame);
        let Some(line) = self.lines.get(guess) else { return Ok(()) };
        match line.read(frame, &context, out) {
            Ok(()) => Ok(()),
            Err(wrong) => self.otherwise(guess, wrong, frame, &context, out),
        }
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
