"""JSON lines of proxies, meshes, clusters, clouds and databases: formats that are a table each."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

import logloom
from bench import json_corpus
from bench.answers import attributes, chunk, records
from bench.corpus import Maker
from bench.figures import Figure
from bench.measure import Measure

LINES = 2000
INPUT_BYTES_PER_S = 450e6

Case = tuple[str, Callable[[Maker], dict[str, Any]], float, dict[str, str]]

# The format, who makes its lines, about how many bytes one has, and where some attributes come from.
CASES: list[Case] = [
    (
        "traefik_json",
        json_corpus.traefik,
        925,
        {
            "http.request.method": "RequestMethod",
            "client.address": "ClientHost",
            "http.response.status_code": "DownstreamStatus",
            "user_agent.original": "request_User-Agent",
            "traefik.RouterName": "RouterName",
        },
    ),
    (
        "caddy",
        json_corpus.caddy,
        671,
        {
            "http.request.method": "request.method",
            "client.address": "request.client_ip",
            "http.response.status_code": "status",
            "user_agent.original": "request.headers.User-Agent.0",
            "caddy.duration": "duration",
        },
    ),
    (
        "hubble",
        json_corpus.hubble,
        1099,
        {
            "source.address": "flow.IP.source",
            "source.port": "flow.l4.TCP.source_port",
            "hubble.verdict": "flow.verdict",
            "hubble.source.pod_name": "flow.source.pod_name",
            "k8s.node.name": "node_name",
        },
    ),
    (
        "k8s_audit",
        json_corpus.k8s_audit,
        801,
        {
            "user.name": "user.username",
            "client.address": "sourceIPs.0",
            "k8s.namespace.name": "objectRef.namespace",
            "http.response.status_code": "responseStatus.code",
            "k8s.audit.verb": "verb",
        },
    ),
    (
        "cloudtrail",
        json_corpus.cloudtrail,
        926,
        {
            "client.address": "sourceIPAddress",
            "user.name": "userIdentity.userName",
            "cloud.region": "awsRegion",
            "aws.cloudtrail.eventName": "eventName",
            "tls.cipher": "tlsDetails.cipherSuite",
        },
    ),
    (
        "mongodb_json",
        json_corpus.mongodb,
        293,
        {
            "log.logger": "c",
            "thread.name": "ctx",
            "mongodb.attr.ns": "attr.ns",
            "mongodb.duration_ms": "attr.durationMillis",
        },
    ),
    (
        "suricata",
        json_corpus.suricata,
        454,
        {
            "source.address": "src_ip",
            "destination.port": "dest_port",
            "http.response.status_code": "http.status",
            "user_agent.original": "http.http_user_agent",
        },
    ),
    (
        "gcp",
        json_corpus.gcp,
        708,
        {
            "http.request.method": "httpRequest.requestMethod",
            "url.full": "httpRequest.requestUrl",
            "client.address": "httpRequest.remoteIp",
            "took_ms": "jsonPayload.took_ms",
            "log.record.uid": "insertId",
        },
    ),
]


def _at(value: Any, path: str) -> Any:
    """What stands at a path of keys and positions; keys may have dots themselves."""
    if isinstance(value, dict) and path in value:
        return value[path]
    head, _, rest = path.partition(".")
    return _at(value[int(head)] if isinstance(value, list) else value[head], rest) if rest else value[int(head)]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_json_formats(measure: Measure, case: Case) -> None:
    format, one, line_bytes, names = case
    data = chunk(json_corpus.lines(one, LINES))
    batch = logloom.parse(data, format=format)
    assert not batch.rejects
    assert logloom.detect(data) == format
    found = records(batch)
    lines = data.splitlines()
    assert len(found) == len(lines)
    for record, line in zip(found, lines, strict=True):
        said = orjson.loads(line)
        got = attributes(record)
        assert {name: got.get(name) for name in names} == {name: _at(said, path) for name, path in names.items()}, line
        assert record.time_unix_nano > 0
        assert line.decode() in (record.body.string_value, got.get("log.record.original"))
    size, count = batch.otlp_len, len(batch)
    del batch
    assert abs(len(data) / count / line_bytes - 1) < 0.1, f"{len(data) / count:.0f} B a line"

    def work() -> None:
        logloom.parse(data, format=format).to_otlp()

    figure = Figure(format, f"{format} lines", "lines", INPUT_BYTES_PER_S / line_bytes, keeps_original=True)
    note = f"{len(data) / count:.0f} B a line, 1 MiB chunks"
    measure(figure, work, data=data, records=count, output_bytes=size, note=note)
