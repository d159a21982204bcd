//! Lines of .NET programs.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `dotnet`.
pub static SPEC: Spec = Spec {
    name: "dotnet",
    about: About {
        line: "Lines of .NET programs: the console logger, Serilog's and NLog's layouts",
        page: "https://learn.microsoft.com/dotnet/core/extensions/console-log-formatter",
        example: "2026-11-21 10:40:59.509 +00:00 [WRN] Cart 17 is empty",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    // The console's: the message stands in the line after.
    "{severity}: {log.logger:class}[{event.id:int}]\n{~}{body}",
    "{time:iso} {severity}: {log.logger:class}[{event.id:int}] {body}",
    "{time:iso} {severity}: {log.logger:class}[{event.id:int}]\n{~}{body}",
    // Serilog's file and console.
    "{time:%Y-%m-%d %H:%M:%S.%3f %z} [{severity}] {body}",
    "[{time:%H:%M:%S} {severity}] {body}",
    // Jellyfin.
    "[{time:iso}] [{severity}] [{thread.id:int}] {log.logger:class}: {body}",
    // NLog.
    "{time:iso}|{severity}|{log.logger:class}|{body}",
    "{time:iso}|{event.id:int}|{severity}|{log.logger:class}|{body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 85, options)
}
