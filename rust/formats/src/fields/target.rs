//! The attributes that logging libraries know under names of their own.

use logloom_record::Key;

/// Attributes that have a name in OpenTelemetry's semantic conventions (`log.logger` is that of ECS, which merged with them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Logger,
    ThreadName,
    ThreadId,
    ProcessPid,
    HostName,
    ServiceName,
    ServiceVersion,
    Environment,
    ExceptionType,
    ExceptionMessage,
    ExceptionStacktrace,
    CodeFile,
    CodeLine,
    CodeFunction,
    MessageTemplate,
}

impl Target {
    pub(super) const ALL: [Self; 15] = [
        Self::Logger,
        Self::ThreadName,
        Self::ThreadId,
        Self::ProcessPid,
        Self::HostName,
        Self::ServiceName,
        Self::ServiceVersion,
        Self::Environment,
        Self::ExceptionType,
        Self::ExceptionMessage,
        Self::ExceptionStacktrace,
        Self::CodeFile,
        Self::CodeLine,
        Self::CodeFunction,
        Self::MessageTemplate,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Logger => "log.logger",
            Self::ThreadName => "thread.name",
            Self::ThreadId => "thread.id",
            Self::ProcessPid => "process.pid",
            Self::HostName => "host.name",
            Self::ServiceName => "service.name",
            Self::ServiceVersion => "service.version",
            Self::Environment => "deployment.environment.name",
            Self::ExceptionType => "exception.type",
            Self::ExceptionMessage => "exception.message",
            Self::ExceptionStacktrace => "exception.stacktrace",
            Self::CodeFile => "code.file.path",
            Self::CodeLine => "code.line.number",
            Self::CodeFunction => "code.function.name",
            Self::MessageTemplate => "message_template.text",
        }
    }

    /// Whether the conventions have it as an integer; the others are strings.
    pub(crate) const fn is_integer(self) -> bool {
        matches!(self, Self::ThreadId | Self::ProcessPid | Self::CodeLine)
    }

    #[inline(always)]
    pub(super) fn key(self) -> &'static Key {
        static KEYS: [Key; Target::ALL.len()] = {
            let mut keys = [const { Key::new("") }; Target::ALL.len()];
            let mut i = 0;
            while i < keys.len() {
                keys[i] = Key::new(Target::ALL[i].name());
                i += 1;
            }
            keys
        };
        &KEYS[self as usize]
    }
}
