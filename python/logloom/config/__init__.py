"""The config: YAML that speaks the OpenTelemetry Collector's language. `docs/config.md` describes it for users.

Three steps, with no I/O before the last: what was typed (`typed.py`: a tree in which every value knows its line), what
was resolved (`read.py`, `model.py`: the dataclasses beside each component's code, the environment put in, everything
checked, all problems reported at once), what is built (`logloom.service`).
"""

from logloom.config.fields import (
    Bound,
    Bytes,
    Compression,
    Endpoint,
    FormatOptions,
    HttpUrl,
    OptionValue,
    Seconds,
    Secret,
    StreamEndpoint,
)
from logloom.config.journal import JournalConfig, KeyConfig
from logloom.config.model import (
    Component,
    Config,
    Survey,
    auths,
    default_text,
    load,
    loads,
    survey,
)
from logloom.config.policy import DataClass, PolicyConfig
from logloom.config.service import IdentityConfig, PipelineConfig, ServiceConfig
from logloom.config.shared import Auth, QueueBatch, Retry, SendingQueue, Unfit, format_problems
from logloom.config.sources import read_sources
from logloom.config.telemetry import OtlpConfig, PeriodicConfig, PrometheusConfig, StallConfig, TelemetryConfig
from logloom.config.tls import ClientTls, ServerTls
from logloom.config.typed import FILE_BYTES_MAX

__all__ = [
    "FILE_BYTES_MAX",
    "Auth",
    "Bound",
    "Bytes",
    "ClientTls",
    "Component",
    "Compression",
    "Config",
    "DataClass",
    "Endpoint",
    "FormatOptions",
    "HttpUrl",
    "IdentityConfig",
    "JournalConfig",
    "KeyConfig",
    "OptionValue",
    "OtlpConfig",
    "PeriodicConfig",
    "PipelineConfig",
    "PolicyConfig",
    "PrometheusConfig",
    "QueueBatch",
    "Retry",
    "Seconds",
    "Secret",
    "SendingQueue",
    "ServerTls",
    "ServiceConfig",
    "StallConfig",
    "StreamEndpoint",
    "Survey",
    "TelemetryConfig",
    "Unfit",
    "auths",
    "default_text",
    "format_problems",
    "load",
    "loads",
    "read_sources",
    "survey",
]
