//! The log of the Java virtual machine itself: garbage collection, safepoints.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `jvm`.
pub static SPEC: Spec = Spec {
    name: "jvm",
    about: About {
        line: "The log of the Java virtual machine itself: `-Xlog` of Java 9 and later, the garbage collector's of Java 8",
        page: "https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html#enable-logging-with-the-jvm-unified-logging-framework",
        example: "[2026-11-21T10:40:59.509+0000][31245][gc,heap     ] GC(17) Eden regions: 48->0(47)",
    },
    options: &[],
    compile,
};

/// Its time is always written so: others write `[time][level][…]` as well, but not this one.
macro_rules! time {
    () => {
        "{time:%Y-%m-%dT%H:%M:%S.%3f%z}"
    };
}

/// What may stand behind the first of the decorations, in this order; the tags are padded; then the collection.
macro_rules! unified {
    ($first:expr) => {
        concat!($first, "{?[{process.pid:int}]?}{?[{thread.id:int}]?}[{severity}][{jvm.tags}] {?GC({jvm.gc.id:int}) ?}{body}")
    };
}

const PATTERNS: &[&str] = &[
    unified!(concat!("[", time!(), "]")),
    unified!(concat!("[", time!(), "][{jvm.uptime_s:double}s]")),
    unified!("[{jvm.uptime_s:double}s]"),
    // Elasticsearch's setting leaves out the level.
    concat!("[", time!(), "][{process.pid:int}][{jvm.tags}] GC({jvm.gc.id:int}) {body}"),
    concat!("[", time!(), "][{process.pid:int}][{jvm.tags}] {body}"),
    // Java 8, with dates and without.
    concat!(time!(), ": {jvm.uptime_s:double}: {body}"),
    "{jvm.uptime_s:double}: {body>}[GC{_}",
    "{jvm.uptime_s:double}: {body>}[Full GC{_}",
    "{jvm.uptime_s:double}: {body>}Total time for which application threads were stopped: {_}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 92, options)
}
