"""What logloom has not is told with what comes nearest, and what is left runs."""

import pytest

from logloom import config
from logloom.config.typed import read_yaml
from logloom.errors import InvalidConfigError

TEXT = """\
extensions: {pprof: {}, oauth2client: {token_url: x}, health_check: {}}
receivers:
  otlp: {protocols: {grpc: {}}}
  hostmetrics: {scrapers: {cpu: {}}}
  kafka: {topic: x}
  zipkin/metrics_only: {endpoint: "127.0.0.1:9"}
processors:
  k8s_attributes: {}
  batch: {}
exporters:
  debug: {verbosity: nonsense, of: metrics}
  otlp: {endpoint: "x:1"}
  prometheus_remote_write: {endpoint: "http://x"}
connectors: {span_metrics: {}, unheard_of: {}}
service:
  extensions: [pprof, oauth2client, health_check]
  pipelines:
    metrics: {receivers: [hostmetrics, span_metrics, zipkin/metrics_only], exporters: [prometheus_remote_write, debug]}
    logs: {receivers: [otlp, kafka], processors: [k8s_attributes, batch], exporters: [otlp]}
    logs/kafka: {receivers: [kafka], exporters: [otlp]}
    traces: {receivers: [otlp], exporters: [span_metrics, otlp]}
"""


def survey(text: str) -> config.Survey:
    return config.survey(read_yaml(text, "f"), "f", {})


def test_what_is_left_runs() -> None:
    found = survey(TEXT)
    assert found.problems == ()
    assert found.config is not None
    left = found.checked(ignore_unsupported=True)
    assert list(left.receivers) == ["otlp"]
    assert (list(left.processors), list(left.exporters), list(left.extensions)) == (
        ["batch"],
        ["otlp"],
        ["health_check"],
    )
    pipelines = {name: (p.receivers, p.processors, p.exporters) for name, p in left.service.pipelines.items()}
    assert pipelines == {"logs": (["otlp"], ["batch"], ["otlp"]), "traces": (["otlp"], [], ["otlp"])}
    told = {note.path for note in left.notes if note.what.startswith("left out: ")}
    assert told >= {problem.path for problem in found.lacking}


def test_each_is_told_once_with_what_comes_nearest() -> None:
    found = survey(TEXT)
    lacking = {problem.path: problem.what for problem in found.lacking}
    assert len(lacking) == len(found.lacking)
    assert set(lacking) == {
        "extensions.oauth2client",
        "receivers.hostmetrics",
        "receivers.kafka",
        "processors.k8s_attributes",
        "exporters.prometheus_remote_write",
        "connectors.span_metrics",
        "connectors.unheard_of",
        "service.pipelines.metrics",
        "service.pipelines.logs/kafka",
    }
    assert "'otlp'" in lacking["receivers.kafka"]
    assert lacking["service.pipelines.metrics"] == "logloom takes logs and traces, no metrics"
    assert lacking["service.pipelines.logs/kafka"] == "logloom has none of its receivers: kafka"
    notes = {note.path: note.what for note in found.notes}
    assert notes["receivers.zipkin/metrics_only"] == "left out: only pipelines name it that are left out"
    assert "exporters.debug" in notes  # and so nobody minds its keys, which are the Collector's for metrics
    assert notes["extensions.pprof"].startswith("has no effect here")


def test_without_the_word_it_is_refused() -> None:
    with pytest.raises(InvalidConfigError) as error:
        survey(TEXT).checked()
    assert len(error.value.problems) == 9


def test_what_is_wrong_stays_wrong() -> None:
    """A slip of the pen, a key, an authenticator that is not there: nothing of that is left out."""
    for before, after, path in (
        ("otlp: {protocols", "otpl: {protocols", "receivers.otpl"),
        ("batch: {}", "batch: {timeot: 1s}", "processors.batch.timeot"),
        (
            "{grpc: {}}",
            "{grpc: {auth: {authenticator: oauth2client}}}",
            "receivers.otlp.protocols.grpc.auth.authenticator",
        ),
    ):
        found = survey(TEXT.replace(before, after, 1))
        assert path in {problem.path for problem in found.problems}
        with pytest.raises(InvalidConfigError):
            found.checked(ignore_unsupported=True)


def test_nothing_left_is_told() -> None:
    text = "receivers: {hostmetrics: {}}\nexporters: {debug: {}}\n"
    text += "service: {pipelines: {metrics: {receivers: [hostmetrics], exporters: [debug]}}}"
    found = survey(text)
    assert [problem.what for problem in found.problems] == ["nothing is left that logloom could run"]


def test_an_exporter_whose_authenticator_is_lacking_is_left_out() -> None:
    text = TEXT.replace(
        'otlp: {endpoint: "x:1"}', 'otlp: {endpoint: "x:1", auth: {authenticator: oauth2client}}\n  nop:'
    )
    text = text.replace("processors: [k8s_attributes, batch], exporters: [otlp]", "exporters: [otlp, nop]")
    found = survey(text)
    assert found.problems == ()
    told = {problem.path: problem.what for problem in found.lacking}
    assert told["exporters.otlp"] == "it sends as 'oauth2client' says, which logloom has not"
    left = found.checked(ignore_unsupported=True)
    assert {name: pipeline.exporters for name, pipeline in left.service.pipelines.items()} == {"logs": ["nop"]}


def test_a_receiver_that_asks_what_is_lacking_is_refused_and_the_reason_is_told() -> None:
    text = TEXT.replace("{grpc: {}}", "{grpc: {auth: {authenticator: oauth2client}}}")
    told = {problem.path: problem.what for problem in survey(text).problems}
    assert told == {
        "receivers.otlp.protocols.grpc.auth.authenticator": "logloom has no 'oauth2client', and without it anybody "
        "could send: give one of those that it has"
    }


CONNECTED = """\
receivers: {otlp: {protocols: {grpc: {}}}}
exporters: {nop: , kafka: }
connectors:
  routing:
    default_pipelines: [logs/queue]
    table: [{context: log, condition: 'body == "a"', pipelines: [logs/kept, logs/queue]}]
  forward/queue: {}
service:
  pipelines:
    logs/in: {receivers: [otlp], exporters: [routing, forward/queue]}
    logs/kept: {receivers: [routing], exporters: [nop]}
    logs/queue: {receivers: [routing], exporters: [kafka]}
    logs/far: {receivers: [forward/queue], exporters: [kafka]}
"""


def test_what_a_table_sends_to_a_pipeline_that_is_left_out_goes_nowhere() -> None:
    found = survey(CONNECTED)
    assert found.problems == ()
    assert {problem.path for problem in found.lacking} == {
        "exporters.kafka",
        "service.pipelines.logs/queue",
        "service.pipelines.logs/far",
    }
    assert "connectors.forward/queue" in {note.path for note in found.notes}
    left = found.checked(ignore_unsupported=True)
    assert list(left.connectors) == ["routing"]
    assert {name: pipeline.exporters for name, pipeline in left.service.pipelines.items()} == {
        "logs/in": ["routing"],
        "logs/kept": ["nop"],
    }


def test_an_exporter_that_is_told_where_other_signals_go_is_left_out() -> None:
    text = TEXT.replace(
        'otlp: {endpoint: "x:1"}', 'otlp: {endpoint: "x:1"}\n  otlphttp: {traces_endpoint: "http://x/t"}'
    )
    text = text.replace("exporters: [span_metrics, otlp]", "exporters: [otlphttp, otlp]")
    found = survey(text)
    assert found.problems == ()
    told = {problem.path: problem.what for problem in found.lacking}
    assert "give 'logs_endpoint' beside traces_endpoint" in told["exporters.otlphttp"]
    assert found.checked(ignore_unsupported=True).service.pipelines["traces"].exporters == ["otlp"]
