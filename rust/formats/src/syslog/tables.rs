//! What the numbers of a priority are called.

use logloom_record::Text;

/// The severities: OpenTelemetry's number and the keyword.
const SEVERITIES: [(u8, &str); 8] =
    [(21, "emerg"), (19, "alert"), (18, "crit"), (17, "err"), (13, "warning"), (10, "notice"), (9, "info"), (5, "debug")];

/// The facilities' keywords.
#[rustfmt::skip]
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "security", "console",
    "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// OpenTelemetry's severity and the keyword of a priority.
#[inline(always)]
pub(super) fn severity(priority: u8) -> (u8, Text<'static>) {
    SEVERITIES.get(usize::from(priority & 7)).map_or((0, Text::EMPTY), |(number, word)| (*number, Text::from(*word)))
}

/// The same, with the keyword as it stands here.
pub(crate) fn severity_name(priority: u8) -> Option<(u8, &'static str)> {
    SEVERITIES.get(usize::from(priority & 7)).copied()
}

/// The keyword of a priority's facility.
#[inline(always)]
pub(crate) fn facility(priority: u8) -> Text<'static> {
    FACILITIES.get(usize::from(priority >> 3)).map_or(Text::EMPTY, |word| Text::from(*word))
}
