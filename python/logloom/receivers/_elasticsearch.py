"""What clients of Elasticsearch ask before and beside their documents, and what they are told: data, not code.

Beats and Logstash look whether they may set up policies, templates and pipelines, and set them up. None of that means
anything here: what they look for is not there, what they set up is acknowledged and not kept.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson

from logloom._native import elasticsearch_error

__all__ = ["MISSING", "PAGES", "Distribution", "info", "missing"]

Distribution = Literal["elasticsearch", "opensearch"]

_NAME: Final = "logloom"
_UUID: Final = "bG9nbG9vbS1sb2dsb29tLQ"
_DATE: Final = "2026-01-01T00:00:00.000000000Z"
_LICENCE: Final = {"status": "active", "uid": _UUID, "type": "basic", "mode": "basic", "issued_to": _NAME}
_FEATURES: Final = ("ilm", "monitoring", "security")
_ONE: Final = {"total": 1, "successful": 1, "failed": 0}
_HEALTH: Final = {
    "cluster_name": _NAME,
    "status": "green",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 1,
    "active_shards": 1,
    "relocating_shards": 0,
    "initializing_shards": 0,
    "unassigned_shards": 0,
    "number_of_pending_tasks": 0,
    "task_max_waiting_in_queue_millis": 0,
    "active_shards_percent_as_number": 100.0,
}
_NODE: Final = {"name": _NAME, "roles": ["data", "ingest", "master"], "ingest": {"processors": []}, "plugins": []}
_NODES: Final = {"_nodes": _ONE, "cluster_name": _NAME, "nodes": {_UUID: _NODE}}
_DONE: Final = {"acknowledged": True, "shards_acknowledged": True}

_SET_UP: Final = (
    "/_alias/{name*}",
    "/_component_template/{name*}",
    "/_data_stream/{name*}",
    "/_ilm/policy/{name*}",
    "/_index_template/{name*}",
    "/_ingest/pipeline/{name*}",
    "/_ml/{name*}",
    "/_plugins/{name*}",
    "/_security/{name*}",
    "/_slm/policy/{name*}",
    "/_template/{name*}",
    "/{index}/_alias/{name}",
    "/{index}/_aliases/{name}",
)
"""What may be looked for, and set up."""

MISSING: Final = tuple(f"GET {path}" for path in _SET_UP)
"""What is not there, whatever its name."""

PAGES: Final[Mapping[str, Any]] = {
    "GET /_license": {"license": _LICENCE},
    "GET /_xpack": {
        "build": {"hash": "0", "date": _DATE},
        "license": _LICENCE,
        "features": {name: {"available": True, "enabled": True} for name in _FEATURES},
        "tagline": "You know, for X",
    },
    "GET /_cluster/health": _HEALTH,
    "GET /_cluster/health/{index}": _HEALTH,
    "GET /_cluster/settings": {"persistent": {}, "transient": {}, "defaults": {}},
    "GET /_nodes": _NODES,
    "GET /_nodes/{what*}": _NODES,
    "GET /_cat/{what*}": [],
    "GET /_alias": {},
    "GET /_template": {},
    "GET /_index_template": {"index_templates": []},
    "GET /_component_template": {"component_templates": []},
    "GET /_data_stream": {"data_streams": []},
    "GET /_ingest/pipeline": {},
    "GET /_ilm/policy": {},
    "GET /_ilm/status": {"operation_mode": "RUNNING"},
    "HEAD /{index}": {},
    "PUT /{index}": _DONE,
    "PUT /{index}/_mapping": _DONE,
    "PUT /{index}/_settings": _DONE,
    "POST /{index}/_rollover": _DONE,
    "POST /_aliases": _DONE,
    "POST /_refresh": {"_shards": _ONE},
    "POST /{index}/_refresh": {"_shards": _ONE},
    "POST /_flush": {"_shards": _ONE},
    "POST /{index}/_flush": {"_shards": _ONE},
    **{f"{method} {path}": _DONE for method in ("PUT", "POST", "DELETE") for path in _SET_UP},
}
"""What is told of what, by method and path."""


def info(distribution: Distribution, version: str) -> bytes:
    """What `GET /` tells: who is there, and of which version."""
    about: dict[str, Any] = {
        "number": version,
        "build_type": "tar",
        "build_hash": "0",
        "build_date": _DATE,
        "build_snapshot": False,
        "lucene_version": "10.0.0",
        "minimum_wire_compatibility_version": "7.10.0",
        "minimum_index_compatibility_version": "7.0.0",
    }
    if distribution == "opensearch":
        about, tagline = {"distribution": "opensearch"} | about, "The OpenSearch Project: https://opensearch.org/"
    else:
        about, tagline = about | {"build_flavor": "default"}, "You Know, for Search"
    told = {"name": _NAME, "cluster_name": _NAME, "cluster_uuid": _UUID, "version": about, "tagline": tagline}
    return orjson.dumps(told)


def missing(name: str) -> bytes:
    """What is told of a thing of this name, which is not there."""
    return elasticsearch_error(
        404, "resource_not_found_exception", f"[{name[:100]}] is not there: nothing is set up here"
    )
