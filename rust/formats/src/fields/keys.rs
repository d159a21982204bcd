//! The keys that logging libraries write, and what each says. A dialect is data: a new library is a row here.
//!
//! A key is a path: `log.level` matches the key `log.level` and `level` inside an object `log`, where [`CONTAINERS`] has `log`.

use super::{Container, Role, Target};

/// One row: what its keys say, and each key with its rank. Where a record has two keys for one role, the higher rank takes it, of equal
/// ranks the first; the other stays an attribute under its own name. A key of a rank under [`WEAK`](super::WEAK) takes a role only with
/// a value that leaves no doubt.
pub(super) type Row = (Role, &'static [(&'static str, u8)]);

pub(super) const ROWS: &[Row] = &[
    (
        Role::Time,
        &[
            ("@timestamp", 90),            // ECS, Logstash, GELF over Logstash
            ("timestamp", 80),             // logback, tracing, winston, python-json-logger, Datadog, NLog
            ("Timestamp", 80),             // Serilog, .NET, OpenTelemetry
            ("time", 75),                  // pino, bunyan, logrus, slog, zerolog, Google Cloud
            ("ts", 70),                    // zap, klog
            ("record.time.timestamp", 70), // loguru
            ("record.time.repr", 60),
            ("asctime", 60),      // Python
            ("datetime", 60),     // Monolog
            ("timeMillis", 60),   // log4j2
            ("timestamp_ns", 85), // Upsun, beside whole seconds
            ("timestamp_us", 84),
            ("timestamp_ms", 82),
            ("__REALTIME_TIMESTAMP", 60), // journald, as `journalctl -o json` writes it
            ("time_unix_nano", 60),
            ("timeUnixNano", 60),
            ("_time", 50),         // VictoriaLogs
            ("date", 40),          // Datadog, Fluent Bit
            ("created", 30),       // Python's float
            ("t.$date", 30),       // MongoDB
            ("dt", 20),            // Better Stack
            ("log_timestamp", 35), // JFrog
            ("eventTime", 15),
            ("event_time", 15),
            ("EventTime", 15),
            ("eventTimestamp", 15),
            ("event_timestamp", 15),
            ("TimeGenerated", 15),
            ("log_time", 15),
            ("logTime", 15),
            ("detectedTime", 15), // Contrast
            ("createdAt", 15),
            ("created_at", 15),
            ("CreationTime", 15),
            ("eventtime", 35),  // FortiGate, beside a date and a clock apart
            ("reqTimeSec", 35), // Akamai DataStream
            ("Time", 15),
            ("DateTime", 15),
            ("t", 10),
            ("T", 10), // zap's development encoder
        ],
    ),
    (Role::CompactTime, &[("@t", 75)]), // Serilog CLEF
    (Role::TimeSeconds, &[("instant.epochSecond", 90), ("timestampSeconds", 90), ("timestamp.seconds", 90)]), // log4j2, Google Cloud
    (Role::TimeNanos, &[("instant.nanoOfSecond", 90), ("timestampNanos", 90), ("timestamp.nanos", 90)]),
    (
        Role::Severity,
        &[
            ("level", 80),      // most
            ("severity", 85),   // Google Cloud, winston, klog
            ("log.level", 90),  // ECS
            ("level_name", 85), // Monolog
            ("levelName", 85),
            ("logging.googleapis.com/severity", 85),
            ("record.level.name", 85), // loguru
            ("lvl", 80),               // log15, hclog
            ("@level", 80),            // hclog
            ("@l", 80),                // Serilog CLEF
            ("Level", 80),             // Serilog, NLog
            ("LogLevel", 80),          // .NET
            ("logLevel", 80),
            ("log_level", 80),
            ("loglevel", 80),
            ("SeverityText", 95), // OpenTelemetry
            ("severity_text", 95),
            ("severityText", 95),
            ("sev", 60),
            ("status", 10),   // Datadog; elsewhere a number of HTTP
            ("s", 10),        // MongoDB
            ("at", 15),       // Heroku
            ("priority", 15), // Falco
            ("label", 15),    // MySQL
            ("l", 10),
            ("L", 10), // zap's development encoder
        ],
    ),
    (Role::PythonSeverity, &[("levelname", 85)]),
    (Role::LoggerName, &[("name", 40)]), // bunyan, pino, Python
    (Role::PythonLevel, &[("levelno", 60), ("record.level.no", 60)]),
    (Role::SyslogSeverity, &[("PRIORITY", 60), ("syslog.severity.code", 60), ("log.syslog.severity.code", 60)]),
    (Role::SeverityNumber, &[("SeverityNumber", 90), ("severity_number", 90), ("severityNumber", 90)]),
    (
        Role::Body,
        &[
            ("record.message", 95),  // loguru
            ("message", 90),         // ECS, Logstash, winston, zerolog, Google Cloud, tracing, Monolog
            ("msg", 85),             // zap, pino, bunyan, slog, logrus
            ("@message", 85),        // hclog
            ("@m", 85),              // Serilog CLEF
            ("Message", 85),         // .NET, NLog
            ("RenderedMessage", 80), // Serilog
            ("short_message", 80),   // GELF
            ("Body", 80),            // OpenTelemetry
            ("body", 40),
            ("_msg", 75),             // VictoriaLogs
            ("MESSAGE", 75),          // journald
            ("textPayload", 70),      // Google Cloud
            ("logEvent.message", 70), // Logstash
            ("output", 15),           // Falco
            ("log", 40),              // Fluent Bit, Docker
            ("event", 30),            // structlog
            ("text", 20),
            ("M", 10), // zap's development encoder
        ],
    ),
    (
        Role::TraceId,
        &[
            ("trace_id", 90),
            ("traceId", 90),
            ("TraceId", 90), // .NET, OpenTelemetry
            ("traceid", 80),
            ("traceID", 80),
            ("trace.id", 90),    // ECS
            ("otelTraceID", 85), // OpenTelemetry for Python
            ("@tr", 80),         // Serilog CLEF
            ("logging.googleapis.com/trace", 80),
            ("X-B3-TraceId", 60),
            ("xray_trace_id", 60),
        ],
    ),
    (Role::DatadogTraceId, &[("dd.trace_id", 70)]),
    (
        Role::SpanId,
        &[
            ("span_id", 90),
            ("spanId", 90),
            ("SpanId", 90),
            ("spanid", 80),
            ("spanID", 80),
            ("span.id", 90), // ECS
            ("otelSpanID", 85),
            ("@sp", 80),
            ("logging.googleapis.com/spanId", 80),
            ("X-B3-SpanId", 60),
        ],
    ),
    (Role::DatadogSpanId, &[("dd.span_id", 70)]),
    (
        Role::TraceFlags,
        &[
            ("trace_flags", 90),
            ("traceFlags", 90),
            ("TraceFlags", 90),
            ("otelTraceSampled", 80),
            ("logging.googleapis.com/trace_sampled", 80),
        ],
    ),
    (Role::Traceparent, &[("traceparent", 50)]),
    (Role::EventName, &[("event_name", 80), ("EventName", 80), ("event.name", 80)]),
    (Role::Original, &[("log.record.original", 90)]),
    (
        Role::Attribute(Target::Logger),
        &[
            ("logger", 80),
            ("logger_name", 80), // Logstash
            ("loggerName", 80),  // log4j2, logback
            ("Logger", 80),
            ("@module", 70),       // hclog
            ("Category", 60),      // .NET
            ("SourceContext", 60), // Serilog
            ("channel", 40),       // Monolog
            ("record.name", 60),   // loguru
            ("target", 40),        // tracing
        ],
    ),
    (
        Role::Attribute(Target::ThreadName),
        &[("thread_name", 80), ("threadName", 80), ("process.thread.name", 90), ("record.thread.name", 80), ("ThreadName", 80)],
    ),
    (
        Role::Attribute(Target::ThreadId),
        &[
            ("thread_id", 80),
            ("threadId", 80),
            ("process.thread.id", 90),
            ("record.thread.id", 80),
            ("ThreadId", 80),
            ("ManagedThreadId", 60),
        ],
    ),
    (Role::Thread, &[("thread", 70), ("Thread", 70)]),
    (
        Role::Attribute(Target::ProcessPid),
        &[("pid", 60), ("process", 50), ("record.process.id", 60), ("process_id", 60), ("ProcessId", 60), ("processId", 60)],
    ),
    (Role::Attribute(Target::HostName), &[("hostname", 60), ("MachineName", 50)]),
    (
        Role::Attribute(Target::ServiceName),
        &[("service", 60), ("service_name", 80), ("serviceName", 80), ("dd.service", 70), ("otelServiceName", 70)],
    ),
    (Role::Attribute(Target::ServiceVersion), &[("service_version", 60), ("dd.version", 60)]),
    (Role::Attribute(Target::Environment), &[("service.environment", 80), ("dd.env", 60)]),
    (
        Role::Attribute(Target::ExceptionType),
        &[
            ("error.type", 80), // ECS
            ("err.type", 80),   // pino
            ("err.name", 70),   // bunyan
            ("error.name", 70),
            ("error.kind", 70), // Datadog
            ("exception.class", 70),
            ("exception.className", 70),
            ("exception_class", 70),           // Logstash
            ("exception.exception_class", 70), // log4j2's Logstash layout
            ("thrown.name", 70),               // log4j2
            ("throwable.className", 70),       // logback
            ("record.exception.type", 70),     // loguru
        ],
    ),
    (
        Role::Attribute(Target::ExceptionMessage),
        &[
            ("error.message", 80),
            ("err.message", 80),
            ("exception_message", 70),
            ("exception.exception_message", 70),
            ("thrown.message", 70),
            ("throwable.message", 70),
            ("record.exception.value", 70),
        ],
    ),
    (
        Role::Attribute(Target::ExceptionStacktrace),
        &[
            ("error.stack_trace", 90), // ECS
            ("error.stack", 80),       // Datadog
            ("err.stack", 80),         // pino, bunyan
            ("stack_trace", 80),       // Logstash, Google Cloud
            ("stacktrace", 80),        // zap
            ("stackTrace", 80),
            ("exception.stack", 70),
            ("exception.stack_trace", 70),
            ("@x", 80),           // Serilog CLEF
            ("exc_info", 70),     // Python
            ("errorVerbose", 60), // zap
            ("stack", 60),        // winston
            ("Exception", 60),    // Serilog, NLog, .NET
            ("thrown.extendedStackTrace", 70),
            ("exception.stacktrace_text", 50),
        ],
    ),
    (Role::Exception, &[("exception", 60), ("error", 50), ("err", 50)]),
    (Role::Caller, &[("caller", 70), ("@caller", 70), ("log.origin", 40), ("source", 40), ("src", 40), ("file", 30)]),
    (
        Role::Attribute(Target::CodeFile),
        &[
            ("log.origin.file.name", 80), // ECS
            ("pathname", 60),             // Python
            ("filename", 40),             // tracing, structlog
            ("caller_file_name", 70),     // Logstash
            ("source.file", 70),          // slog, log4j2
            ("src.file", 70),             // bunyan
            ("record.file.path", 70),     // loguru
            ("logging.googleapis.com/sourceLocation.file", 70),
        ],
    ),
    (
        Role::Attribute(Target::CodeLine),
        &[
            ("log.origin.file.line", 80),
            ("lineno", 60),
            ("line_number", 60), // tracing
            ("caller_line_number", 70),
            ("source.line", 70),
            ("src.line", 70),
            ("record.line", 70),
            ("logging.googleapis.com/sourceLocation.line", 70),
        ],
    ),
    (
        Role::Attribute(Target::CodeFunction),
        &[
            ("log.origin.function", 80),
            ("funcName", 60),
            ("func_name", 60),
            ("func", 50), // logrus
            ("caller_method_name", 70),
            ("source.function", 70),
            ("source.method", 60),
            ("src.func", 70),
            ("record.function", 70),
            ("logging.googleapis.com/sourceLocation.function", 70),
        ],
    ),
    (Role::Attribute(Target::MessageTemplate), &[("@mt", 80), ("MessageTemplate", 80)]), // Serilog
];

/// Objects whose entries are read as if they stood beside them.
pub(super) const CONTAINERS: &[(&str, Container)] = &[
    // As dotted names: ECS and its like nest what others write with dots.
    ("log", Container::Dotted),
    ("log.file", Container::Dotted),
    ("log.origin", Container::Dotted),
    ("log.origin.file", Container::Dotted),
    ("log.syslog", Container::Dotted),
    ("log.syslog.severity", Container::Dotted),
    ("error", Container::Dotted),
    ("err", Container::Dotted),
    ("exception", Container::Dotted),
    ("thrown", Container::Dotted),
    ("throwable", Container::Dotted),
    ("trace", Container::Dotted),
    ("span", Container::Dotted),
    ("transaction", Container::Dotted),
    ("process", Container::Dotted),
    ("process.thread", Container::Dotted),
    ("service", Container::Dotted),
    ("ecs", Container::Dotted),
    ("event", Container::Dotted),
    ("dd", Container::Dotted),
    ("source", Container::Dotted),
    ("src", Container::Dotted),
    ("instant", Container::Dotted),
    ("timestamp", Container::Dotted),
    ("t", Container::Dotted),
    ("logging.googleapis.com/sourceLocation", Container::Dotted),
    ("logEvent", Container::Dotted),
    ("record", Container::Dotted),
    ("record.level", Container::Dotted),
    ("record.time", Container::Dotted),
    ("record.file", Container::Dotted),
    ("record.process", Container::Dotted),
    ("record.thread", Container::Dotted),
    ("record.exception", Container::Dotted),
    // Without the container's name: what the application itself said.
    ("fields", Container::Plain),       // tracing
    ("Properties", Container::Plain),   // Serilog
    ("Attributes", Container::Plain),   // OpenTelemetry
    ("mdc", Container::Plain),          // logback
    ("contextMap", Container::Plain),   // log4j2
    ("record.extra", Container::Plain), // loguru
];
