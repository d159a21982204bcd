"""Daemons that write to Elasticsearch: rsyslog's `omelasticsearch`, and syslog-ng's `elasticsearch-http`."""

from pathlib import Path
from typing import Any

import pytest

from tests.peers.sending import LOOPBACK, config, free_port, written
from tests.peers.test_rsyslog import QUEUE, rsyslog, say
from tests.peers.test_syslog_ng import syslog_ng
from tests.service.logloom_process import Logloom

DOCUMENT = (
    'template(name="document" type="list" option.jsonf="on") {\n'
    '    property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")\n'
    '    property(outname="host.name" name="hostname" format="jsonf")\n'
    '    property(outname="log.level" name="syslogseverity-text" format="jsonf")\n'
    '    property(outname="message" name="msg" format="jsonf") }\n'
)


def with_password(folder: Path, port: int = 0) -> dict[str, Any]:
    """Basic authentication, as both have it."""
    passwords = folder / "passwords"
    # "elastic:secret", as `htpasswd -nbs` prints it
    passwords.write_text("elastic:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
    receiver = {"endpoint": f"{LOOPBACK}:{port}", "auth": {"authenticator": "basicauth"}}
    settings = config(folder, elasticsearch=receiver)
    settings["extensions"] = {"basicauth": {"htpasswd": {"file": str(passwords)}}}
    settings["service"]["extensions"] = ["basicauth"]
    return settings


@pytest.mark.needs("deb:rsyslog", "deb:rsyslog-elasticsearch")
def test_rsyslog_writes_bulks(tmp_path: Path) -> None:
    """With a name and a password; while we are away it holds what comes, and sends it when we are back."""
    port = free_port()
    to = (
        f'type="omelasticsearch" server="{LOOPBACK}" serverport="{port}" template="document" bulkmode="on" '
        f'searchIndex="logs-shop" searchType="" uid="elastic" pwd="secret" {QUEUE} queue.dequeueBatchSize="50"'
    )
    before = f'module(load="omelasticsearch")\n{DOCUMENT}'
    logloom = Logloom(with_password(tmp_path, port), tmp_path)
    with logloom, rsyslog(tmp_path, to, before) as client:
        say(client, range(300))
        written(logloom, tmp_path, 300)
        logloom.stop()
        say(client, range(300, 600))
        logloom.start()
        found = written(logloom, tmp_path, 600)
    assert sorted({record.body for record in found}) == sorted(f"order {number}" for number in range(600))
    for record in found:
        assert (record.time, record.attributes["elasticsearch.index"]) == (1_795_254_059_123_456_000, "logs-shop")
        assert (record.severity, record.attributes["host.name"]) == (17, "node-1")


@pytest.mark.needs("deb:syslog-ng-core", "deb:syslog-ng-mod-http", "deb:syslog-ng-scl")
def test_syslog_ng_writes_bulks(tmp_path: Path) -> None:
    """Its own template, `elasticsearch-http`, of which only the address is ours."""
    with Logloom(with_password(tmp_path), tmp_path) as logloom:
        to = (
            f'elasticsearch-http(url("http://{logloom.endpoint("elasticsearch", "http")}/_bulk") index("logs-shop") '
            'type("") user("elastic") password("secret") batch-lines(50) batch-timeout(100) time-zone("UTC"))'
        )
        with syslog_ng(tmp_path, to, library=True) as lines:
            lines.writelines(f"order {number}\n" for number in range(200))
            found = written(logloom, tmp_path, 200)
    assert sorted(record.body for record in found) == sorted(f"order {number}" for number in range(200)), "by 4 workers"
    assert {record.attributes["elasticsearch.index"] for record in found} == {"logs-shop"}
