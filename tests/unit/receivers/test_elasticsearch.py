"""`elasticsearch`'s config and what it tells; what it does stands in tests/service/test_elasticsearch.py."""

import orjson
import pytest

from logloom._native import Delivery, elasticsearch_answer
from logloom.config import loads
from logloom.errors import ConfigError
from logloom.receivers._elasticsearch import info

CONFIG = """
receivers:
  elasticsearch: {settings}
exporters:
  debug: {{}}
service:
  pipelines:
    logs: {{receivers: [elasticsearch], exporters: [debug]}}
"""
BODY = b'{"create":{"_index":"a"}}\n{"message":"m"}\n'


def test_defaults() -> None:
    config = loads(CONFIG.format(settings="{}")).receivers["elasticsearch"].config
    assert (config.endpoint.port, config.version, config.distribution) == (9200, "9.2.0", "elasticsearch")


@pytest.mark.parametrize("settings", ["{version: nine}", "{version: 9.2}", "{distribution: solr}"])
def test_what_it_cannot_be_is_refused(settings: str) -> None:
    with pytest.raises(ConfigError, match=r"receivers\.elasticsearch\.(version|distribution)"):
        loads(CONFIG.format(settings=settings))


def test_the_collectors_receiver_of_this_name_is_another_thing() -> None:
    with pytest.raises(ConfigError, match="asks Elasticsearch for metrics"):
        loads(CONFIG.format(settings="{collection_interval: 10s}"))


def test_its_version_is_told_as_each_distribution_does() -> None:
    elastic, opensearch = (orjson.loads(info(name, "3.1.4")) for name in ("elasticsearch", "opensearch"))
    assert (elastic["version"]["number"], elastic["version"]["build_flavor"]) == ("3.1.4", "default")
    assert (opensearch["version"]["number"], opensearch["version"]["distribution"]) == ("3.1.4", "opensearch")


def test_answers_are_json_for_whatever_is_sent() -> None:
    """What a client names is told again as it was named, escapes and all."""
    for index in ('a"b', "a\\b", "\x01", "ü", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")):
        status, said = elasticsearch_answer(BODY.replace(b'"_index":"a"', b""), Delivery.done(1), index=index)
        (item,) = orjson.loads(said)["items"]
        assert (status, item["create"]["_index"], item["create"]["status"]) == (200, index, 201)
    for cut in range(len(BODY)):
        status, said = elasticsearch_answer(BODY[:cut], Delivery.done(0))
        assert isinstance(orjson.loads(said), dict)
        assert status in {200, 400}


def test_who_may_not_write_more_is_told_so() -> None:
    status, said = elasticsearch_answer(BODY, Delivery.retry(2.0, "the journal is full"))
    assert (status, orjson.loads(said)["error"]["type"]) == (429, "es_rejected_execution_exception")
