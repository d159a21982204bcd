"""Documents that clients of Elasticsearch and OpenSearch write: the official packages, and requests by hand."""

import asyncio
import gzip
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import elasticsearch
import opensearchpy
import orjson
import pytest
from elasticsearch import helpers
from opensearchpy import helpers as opensearch_helpers

from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

KEY = "aWQ6c2VjcmV0"
NDJSON = "application/x-ndjson"


def config(folder: Path, **settings: Any) -> dict[str, Any]:
    return {
        "receivers": {"elasticsearch": {"endpoint": "127.0.0.1:0", **settings}},
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["elasticsearch"], "exporters": ["file"]}}},
    }


@pytest.fixture
def logloom(tmp_path: Path) -> Iterator[Logloom]:
    with Logloom(config(tmp_path), tmp_path) as running:
        yield running


def url(logloom: Logloom) -> str:
    return f"http://{logloom.endpoint('elasticsearch', 'http')}"


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


def ask(
    logloom: Logloom, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, http.client.HTTPMessage, Any]:
    connection = http.client.HTTPConnection(logloom.endpoint("elasticsearch", "http"), timeout=20)
    try:
        sent = {"Content-Type": NDJSON} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        said = answer.read()
        is_json = said and answer.headers.get_content_type() == "application/json"
        return answer.status, answer.headers, orjson.loads(said) if is_json else None
    finally:
        connection.close()


def lines(*objects: Any) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in objects)


def test_the_official_client_writes_in_bulk(logloom: Logloom, tmp_path: Path) -> None:
    """`bulk`, `streaming_bulk`, single documents; ids that it gives and ids that are made for it."""
    with elasticsearch.Elasticsearch(url(logloom)) as client:
        assert client.ping()
        assert client.info()["version"]["number"] == "9.2.0"
        documents = [
            {
                "_op_type": "create",
                "_index": "logs-cart-prod",
                "@timestamp": f"2026-11-21T10:40:{number % 60:02}.123Z",
                "message": f"m{number}",
                "log": {"level": "warn"},
            }
            for number in range(1200)
        ]
        assert helpers.bulk(client, documents) == (1200, [])
        actions = [{"_index": "old", "_id": str(number), "message": f"s{number}"} for number in range(20)]
        told = list(helpers.streaming_bulk(client, actions, chunk_size=7))
        assert [item["index"]["_id"] for _, item in told] == [str(number) for number in range(20)]
        single = client.index(index="one", document={"message": "alone", "level": "error"})
        assert (single["result"], single["_index"]) == ("created", "one")
        assert client.create(index="one", id="a/b", document={"message": "created"})["_id"] == "a/b"
        assert client.update(index="one", id="7", doc={"message": "updated"})["result"] == "updated"
        assert client.indices.exists(index="one")
        assert client.cluster.health()["status"] == "green"
        client.indices.refresh(index="one")
    found = written(logloom, tmp_path, 1223)
    by_body = {record.body: record for record in found}
    assert len(by_body) == 1223
    first = by_body["m0"]
    assert (first.time, first.severity) == (1_795_257_600_123_000_000, 13)
    assert first.attributes["elasticsearch.index"] == "logs-cart-prod"
    stream = [first.attributes[f"data_stream.{part}"] for part in ("type", "dataset", "namespace")]
    assert stream == ["logs", "cart", "prod"]
    assert by_body["s7"].attributes["elasticsearch.document_id"] == "7"
    assert by_body["created"].attributes["elasticsearch.document_id"] == "a/b"
    assert by_body["updated"].attributes["elasticsearch.action"] == "update"
    assert by_body["alone"].severity == 17


def test_the_official_client_writes_in_bulk_asynchronously(logloom: Logloom, tmp_path: Path) -> None:
    async def send() -> None:
        async with elasticsearch.AsyncElasticsearch(url(logloom), http_compress=True) as client:
            actions = [{"_op_type": "create", "_index": "a", "message": f"m{number}"} for number in range(300)]
            assert await helpers.async_bulk(client, actions) == (300, [])

    asyncio.run(send())
    assert {record.body for record in written(logloom, tmp_path, 300)} == {f"m{number}" for number in range(300)}


def test_opensearchs_client_writes_in_bulk(tmp_path: Path) -> None:
    with Logloom(config(tmp_path, distribution="opensearch", version="2.19.0"), tmp_path) as logloom:
        client = opensearchpy.OpenSearch(url(logloom), http_compress=True)
        assert client.info()["version"]["distribution"] == "opensearch"
        actions = [{"_index": "a", "_id": number, "message": f"m{number}"} for number in range(100)]
        assert opensearch_helpers.bulk(client, actions) == (100, [])
        client.index(index="a", body={"message": "alone"})
        client.close()
        assert len(written(logloom, tmp_path, 101)) == 101


def test_each_item_is_answered_in_its_place(logloom: Logloom, tmp_path: Path) -> None:
    """What cannot be read is told and kept; what cannot be done is told; the others are taken."""
    body = lines({"create": {}}, {"message": "a"})
    body += lines({"index": {"_index": "b", "_id": "1"}}) + b"no document\n"
    body += lines({"delete": {"_index": "b", "_id": "1"}}, {"update": {"_id": "2"}}, {"doc": {"message": "c"}})
    status, headers, said = ask(logloom, "POST", "/idx/events/_bulk?pipeline=geo", body)
    assert (status, said["errors"], headers["X-Elastic-Product"]) == (200, True, "Elasticsearch")
    (create,), (index,), (delete,), (update,) = (item.values() for item in said["items"])
    assert (create["status"], create["_index"], len(create["_id"])) == (201, "idx", 20)
    assert (index["status"], index["_id"], index["error"]["type"]) == (400, "1", "document_parsing_exception")
    assert (delete["status"], delete["error"]["type"]) == (400, "illegal_argument_exception")
    assert (update["status"], update["result"]) == (200, "updated")
    found = written(logloom, tmp_path, 3)
    assert [record.body for record in found] == ["a", "no document", "c"]
    assert found[0].attributes["elasticsearch.ingest_pipeline"] == "geo"
    assert found[0].attributes["elasticsearch.document_type"] == "events"
    assert "logloom.reject.reason" in found[1].attributes
    assert found[1].attributes["elasticsearch.index"] == "b"


def test_nothing_is_taken_of_a_body_that_cannot_be_taken_apart(logloom: Logloom, tmp_path: Path) -> None:
    """Its sender will send all of it again."""
    good = lines({"create": {"_index": "a"}}, {"message": "twice?"})
    for bad, told in (
        (lines({"make": {"_index": "a"}}, {}), "expected one of"),
        (lines({"create": {"_index": "a"}}), "document is missing"),
        (b"nonsense\n", "Malformed action/metadata line [3]"),
        (lines({"create": {}}, {"message": "without an index"}), "index is missing"),
        (lines({"create": {"_index": "a", "unheard": 1}}, {}), "unknown parameter"),
        (b'{"create":{"_index":"\xff"}}\n{}\n', "UTF-8"),
    ):
        status, _, said = ask(logloom, "POST", "/_bulk", good + bad)
        assert (status, said["status"], told in said["error"]["reason"]) == (400, 400, True), said
    for nothing in (b"", b"\n\n"):
        assert ask(logloom, "POST", "/_bulk", nothing)[2]["error"]["type"] == "parse_exception"
    status, _, said = ask(logloom, "POST", "/a/_doc", b"{no document")
    assert (status, said["error"]["type"]) == (400, "document_parsing_exception")
    assert ask(logloom, "POST", "/_bulk", good)[0] == 200
    assert [record.body for record in written(logloom, tmp_path, 1)] == ["twice?"]


def test_only_what_is_asked_for_is_answered(logloom: Logloom) -> None:
    """As Beats ask: they need no more than the errors."""
    body = lines({"create": {"_index": "a"}}, {"message": "m"}, {"create": {"_index": "a"}})
    asked = "/_bulk?filter_path=errors,items.*.error,items.*.status"
    _, _, said = ask(logloom, "POST", asked, body + b"1\n")
    assert said["items"][0] == {"create": {"status": 201}}
    assert set(said["items"][1]["create"]) == {"status", "error"}
    assert set(said) == {"errors", "items"}
    _, _, said = ask(logloom, "POST", "/_bulk?filter_path=errors,items.*.error", body + b"{}\n")
    assert said == {"errors": False}


def test_what_beats_and_logstash_look_for_at_their_start(logloom: Logloom) -> None:
    """Policies, templates and pipelines are not there and can be set up."""
    assert ask(logloom, "GET", "/_license")[2]["license"]["status"] == "active"
    assert ask(logloom, "GET", "/_xpack")[2]["features"]["ilm"]["available"] is True
    assert ask(logloom, "GET", "/_nodes/ingest")[0] == 200
    assert ask(logloom, "HEAD", "/")[0] == 200
    for path in (
        "/_ilm/policy/filebeat",
        "/_index_template/filebeat-9.2.0",
        "/_component_template/logs@custom",
        "/_ingest/pipeline/filebeat-9.2.0-nginx",
        "/_data_stream/filebeat-9.2.0",
        "/_template/logstash",
        "/_alias/filebeat",
    ):
        assert ask(logloom, "HEAD", path)[0] == 404, path
        assert ask(logloom, "GET", path)[2]["status"] == 404, path
        status, headers, said = ask(logloom, "PUT", path, b"{}")
        assert (status, said["acknowledged"], headers["X-Elastic-Product"]) == (200, True, "Elasticsearch"), path
    assert ask(logloom, "GET", "/logs/_search")[0] in {404, 405}
    assert ask(logloom, "GET", "/_cluster/health")[2]["status"] == "green"


def test_keys_keep_others_out(tmp_path: Path) -> None:
    made = config(tmp_path, auth={"authenticator": "bearertokenauth"})
    made["extensions"] = {"bearertokenauth": {"token": KEY, "scheme": "ApiKey"}}
    made["service"]["extensions"] = ["bearertokenauth"]
    with Logloom(made, tmp_path) as logloom:
        status, headers, said = ask(logloom, "POST", "/a/_bulk", lines({"create": {}}, {"message": "out"}))
        assert (status, said["error"]["type"], headers["WWW-Authenticate"][:6]) == (401, "security_exception", "ApiKey")
        stranger = elasticsearch.Elasticsearch(url(logloom), api_key=("id", "wrong"))
        with stranger, pytest.raises(elasticsearch.AuthenticationException):
            stranger.index(index="a", document={"message": "out"})
        with elasticsearch.Elasticsearch(url(logloom), api_key=KEY) as client:
            client.index(index="a", document={"message": "in"})
        assert [record.body for record in written(logloom, tmp_path, 1)] == ["in"]


def test_a_full_journal_is_told_and_the_client_comes_again(tmp_path: Path) -> None:
    """429 with Retry-After: nothing was taken."""
    made = config(tmp_path)
    made["journal"] = {"max_mib": 16, "file_mib": 4}
    made["exporters"] = {"otlphttp": {"endpoint": "http://127.0.0.1:1"}}
    made["service"]["pipelines"]["logs"]["exporters"] = ["otlphttp"]
    made["service"]["shutdown_timeout"] = "1s"
    body = b"".join(lines({"create": {"_index": "a"}}, {"message": "x" * 1000}) for _ in range(2000))
    logloom = Logloom(made, tmp_path)
    logloom.start()
    try:
        packed, tries = gzip.compress(body), range(40)
        answers = (ask(logloom, "POST", "/_bulk", packed, Content_Encoding="gzip") for _ in tries)
        status, headers, said = next(answer for answer in answers if answer[0] != 200)
        assert (status, said["error"]["type"]) == (429, "es_rejected_execution_exception")
        assert int(headers["Retry-After"]) >= 1
    finally:
        logloom.kill()


def test_what_is_too_large_or_too_deep_is_told(tmp_path: Path) -> None:
    with Logloom(config(tmp_path, max_request_body_size="64KiB"), tmp_path) as logloom:
        body = lines({"create": {"_index": "a"}}, {"message": "x" * 70_000})
        assert ask(logloom, "POST", "/_bulk", body)[0] == 413
        status, _, said = ask(logloom, "POST", "/_bulk", gzip.compress(body), Content_Encoding="gzip")
        assert (status, said["error"]["type"]) == (413, "content_too_long_exception")
        assert ask(logloom, "POST", f"/{'i' * 1100}/_bulk", lines({"create": {}}, {}))[0] == 414
        deep = lines({"create": {"_index": "a"}}) + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"\n"
        assert ask(logloom, "POST", "/_bulk", deep)[2]["items"][0]["create"]["status"] == 400
        deep = b'{"create":' * 5000 + b"1" + b"}" * 5000 + b"\n{}\n"
        assert ask(logloom, "POST", "/_bulk", deep)[0] == 400
        assert ask(logloom, "POST", "/_bulk", lines({"create": {"_index": "a"}}, {"message": "on"}))[0] == 200
        assert "on" in [record.body for record in written(logloom, tmp_path, 2)]
