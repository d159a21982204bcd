"""What is put on records and resources, what stays, and what becomes of a table that changes."""

import queue
from pathlib import Path
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logloom import Batch, Record
from logloom._native import Processor
from logloom.errors import ConfigError
from logloom.processors import enrich
from tests.components import problems_of, read_config

UID = "49cc7c1f-d370-2c40-b686-86ea7488b91d"
CSV = "service,team,tier\ncart,shop,1\npay,money,\n"


def processor(text: str) -> Processor:
    return enrich.create(read_config(enrich, text))


def batch_of(*records: dict[str, Any], **resource: str) -> Batch:
    message = ExportLogsServiceRequest()
    logs = message.resource_logs.add(schema_url="https://opentelemetry.io/schemas/1.37.0")
    for key, value in resource.items():
        logs.resource.attributes.add(key=key).value.string_value = value
    scope = logs.scope_logs.add()
    for place, attributes in enumerate(records):
        made = scope.log_records.add(time_unix_nano=place + 1)
        for key, value in attributes.items():
            kind = {str: "string_value", int: "int_value", bool: "bool_value", float: "double_value"}[type(value)]
            setattr(made.attributes.add(key=key).value, kind, value)
    return Batch.from_otlp(message.SerializeToString())


def enriched(text: str, batch: Batch) -> tuple[list[Record], dict[str, int]]:
    made, outcome = processor(text).apply(batch)
    assert [one.time_unix_nano for one in made] == [one.time_unix_nano for one in batch]
    return list(made), outcome["rules"]


def test_constants_fill_what_is_not_there() -> None:
    text = "{attributes: {a: x, b: 1, c: true, d: 1.5}, resource: {service.name: cart, zone: eu}}"
    [first, second], _ = enriched(text, batch_of({"a": "own"}, {}, **{"service.name": "pay"}))
    assert first.attributes == {"a": "own", "b": 1, "c": True, "d": 1.5}
    assert second.attributes == {"a": "x", "b": 1, "c": True, "d": 1.5}
    assert first.resource == {"service.name": "pay", "zone": "eu"}
    [first], _ = enriched(text[:-1] + ", overwrite: true}", batch_of({"a": "own"}, **{"service.name": "pay"}))
    assert (first.attributes["a"], first.resource["service.name"]) == ("x", "cart")


def test_what_is_there_already_leaves_the_same_batch() -> None:
    batch = batch_of({"a": "x"}, zone="eu")
    made, _ = processor("{attributes: {a: x}, resource: {zone: eu}, overwrite: true}").apply(batch)
    assert bytes(made) == bytes(batch)


@pytest.mark.parametrize("name", ["t.csv", "t.json"])
def test_a_table_is_looked_up_by_attributes_of_the_record_or_its_resource(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = [{"service": "cart", "team": "shop", "tier": "1"}, {"service": "pay", "team": "money", "tier": None}]
    path.write_bytes(CSV.encode() if name.endswith("csv") else orjson.dumps(rows))
    text = f"{{tables: {{owners: {{path: '{path}', keys: {{service.name: service}}}}}}, attributes: {{team: nobody}}}}"
    batch = batch_of(
        {}, {"service.name": "pay"}, {"service.name": "other"}, {"team": "own"}, **{"service.name": "cart"}
    )
    made, counted = enriched(text, batch)
    assert [one.attributes for one in made] == [
        {"team": "shop", "tier": "1"},
        {"service.name": "pay", "team": "money"},
        {"service.name": "other", "team": "nobody"},
        {"team": "own", "tier": "1"},
    ]
    assert counted == {"owners": 3, "owners: no row": 1}


def test_several_keys_and_types(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(orjson.dumps([{"port": 80, "tls": False, "n": 7, "x": 0.5, "on": True}]))
    columns = "keys: {p: port, s: tls}, attributes: {n: a.n, x: a.x, 'on': a.on, port: a.p}"
    text = f"{{tables: {{t: {{path: '{path}', {columns}}}}}}}"
    made, counted = enriched(
        text, batch_of({"p": 80, "s": False}, {"p": "80", "s": "false"}, {"p": 80}, {"p": 81, "s": False})
    )
    given = {"a.n": 7, "a.x": 0.5, "a.on": True, "a.p": 80}
    assert made[0].attributes == {"p": 80, "s": False} | given
    assert made[1].attributes == {"p": "80", "s": "false"} | given
    assert [one.attributes for one in made[2:]] == [{"p": 80}, {"p": 81, "s": False}]
    assert counted == {"t": 2, "t: no row": 1}


def test_records_that_get_other_resources_are_set_apart_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(CSV, "utf-8")
    text = f"{{tables: {{t: {{path: '{tmp_path / 't.csv'}', keys: {{service.name: service}}, to: resource}}}}}}"
    batch = batch_of({"service.name": "cart"}, {"service.name": "pay"}, {}, {"service.name": "cart"}, zone="eu")
    made, _ = enriched(text, batch)
    assert [one.resource for one in made] == [
        {"zone": "eu", "team": "shop", "tier": "1"},
        {"zone": "eu", "team": "money"},
        {"zone": "eu"},
        {"zone": "eu", "team": "shop", "tier": "1"},
    ]


@pytest.mark.parametrize("on", ["record", "resource"])
def test_the_path_of_a_containers_log_tells_of_its_pod(tmp_path: Path, on: str) -> None:
    (tmp_path / "t.csv").write_text("namespace,team\nshop,checkout\n", "utf-8")
    path = f"/var/log/pods/shop_cart-7d9f_{UID}/app/3.log"
    table = f"path: '{tmp_path / 't.csv'}', keys: {{k8s.namespace.name: namespace}}, to: resource"
    text = f"{{kubernetes: true, tables: {{t: {{{table}}}}}}}"
    facts = {
        "k8s.namespace.name": "own" if on == "record" else "shop",
        "k8s.pod.name": "cart-7d9f",
        "k8s.pod.uid": UID,
        "k8s.container.name": "app",
        "k8s.container.restart_count": "3",
    }
    if on == "record":
        [made], _ = enriched(text, batch_of({"log.file.path": path}, **{"k8s.namespace.name": "own"}))
        assert made.resource == facts
    else:
        [made], _ = enriched(text, batch_of({}, **{"log.file.path": path}))
        assert made.resource == facts | {"log.file.path": path, "team": "checkout"}
    [made], _ = enriched("{attributes: {a: b}}", batch_of({"log.file.path": path}))
    assert made.resource == {}


class Heard:
    """A log whose lines a test waits for."""

    def __init__(self) -> None:
        self.lines: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()

    def info(self, said: str, extra: dict[str, Any]) -> None:
        self.lines.put((said, extra))

    error = info


def test_a_table_that_changes_is_read_again_and_a_bad_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    monkeypatch.setattr(enrich, "log_of", lambda _: heard)
    path = tmp_path / "t.csv"
    path.write_text("service,team\ncart,shop\n", "utf-8")
    table = f"path: '{path}', keys: {{service.name: service}}"
    changing = processor(f"{{tables: {{t: {{{table}}}}}, reload_interval: 10ms}}")

    def team() -> object:
        made, _ = changing.apply(batch_of({"service.name": "cart"}))
        return made[0].attributes.get("team")

    assert team() == "shop"
    path.write_text("service,team\ncart,shop,one too many\n", "utf-8")
    said, extra = heard.lines.get(timeout=120)
    assert said == "keeps a table as it was"
    assert extra == {"table": "t", "why": f"{path}: line 2: 3 values under 2 columns"}
    assert team() == "shop"
    path.write_text("service,team\ncart,checkout\n", "utf-8")
    assert heard.lines.get(timeout=120) == ("read a table anew", {"table": "t", "rows": 1})
    assert team() == "checkout"


def test_a_table_that_cannot_be_read_is_an_error_at_the_start(tmp_path: Path) -> None:
    text = f"{{tables: {{t: {{path: '{tmp_path / 'none.csv'}', keys: {{a: b}}}}}}}}"
    with pytest.raises(ConfigError, match=r"^enrich: tables\.t: .*none\.csv: No such file"):
        processor(text)
    (tmp_path / "none.csv").write_text("x\n1\n", "utf-8")
    with pytest.raises(ConfigError, match="line 1: no column 'b': there are x"):
        processor(text)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("{}", ["attributes"]),
        ("{tables: {t: {path: a.txt, keys: {}}}}", ["tables.t.keys", "tables.t.format"]),
        ("{attributes: {a: 99999999999999999999}}", ["attributes.a"]),
    ],
)
def test_problems(text: str, paths: list[str]) -> None:
    assert list(problems_of(enrich, text)) == paths
