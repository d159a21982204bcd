"""`elasticsearch`: what writes to Elasticsearch or OpenSearch: Beats, Logstash, Fluent Bit, Vector, any client.

The bulk API, and single documents. All documents of a request are in the journal before the answer, which tells of each
what became of it. Nothing can be searched here.

Specification: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Final

import orjson
from aiohttp import web

from logloom._native import Delivery, elasticsearch_answer, elasticsearch_error
from logloom.config import Endpoint
from logloom.receivers._elasticsearch import MISSING, PAGES, Distribution, info, missing
from logloom.receivers._http import HttpServer
from logloom.receivers._settings import HttpSettings

if TYPE_CHECKING:
    from logloom._native import Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._body import Refusal
    from logloom.receivers._http import Call, Page

BULK: Final = tuple(
    f"{method} {path}" for method in ("POST", "PUT") for path in ("/_bulk", "/{index}/_bulk", "/{index}/{type}/_bulk")
)
DOCUMENTS: Final = {
    "POST /{index}/_doc": "index",
    "POST /{index}/_doc/{id}": "index",
    "PUT /{index}/_doc/{id}": "index",
    "POST /{index}/_create/{id}": "create",
    "PUT /{index}/_create/{id}": "create",
    "POST /{index}/_update/{id}": "update",
}
KINDS: Final = {
    HTTPStatus.UNAUTHORIZED: "security_exception",
    HTTPStatus.FORBIDDEN: "security_exception",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "content_too_long_exception",
    HTTPStatus.TOO_MANY_REQUESTS: "es_rejected_execution_exception",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable_shards_exception",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "media_type_header_exception",
}
"""What Elasticsearch calls the reasons for refusing a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpSettings):
    """Elasticsearch's HTTP endpoint, for writing.

    Attributes:
        endpoint: Where to listen.
        version: The version that clients are told; Beats want one that is not older than they are.
        distribution: Who clients are told that this is.
    """

    REFUSED: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("collection_interval", "indices", "metrics", "nodes", "password", "skip_cluster_metrics", "username"),
        "the Collector's receiver of this name asks Elasticsearch for metrics; to this one documents are written",
    )

    endpoint: Endpoint = Endpoint("127.0.0.1", 9200)  # noqa: RUF009 — frozen
    version: str = "9.2.0"
    distribution: Distribution = "elasticsearch"

    def problems(self) -> Iterator[tuple[str, str]]:
        """A version has three numbers."""
        yield from HttpSettings.problems(self)
        if not re.fullmatch(r"\d{1,3}\.\d{1,3}\.\d{1,3}", self.version):
            yield "version", f"'{self.version}' is no version: write three numbers, such as 9.2.0"

    def claims(self) -> list[str]:
        """What is written to, and what is asked beside it."""
        return ["GET /", *BULK, *DOCUMENTS, *PAGES, *MISSING]


def create(config: Config, context: "ReceiverContext") -> "Elasticsearch":
    """The receiver; it listens when it runs."""
    return Elasticsearch(config, context)


class Elasticsearch:
    """Serves the bulk API and what its clients ask beside it."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        messages = push.messages("elasticsearch_bulk", keep_original=False, keep_parts=True)
        routes: dict[str, Documents | Page] = {
            "GET /": _page(info(self._config.distribution, self._config.version)),
            **{key: _page(orjson.dumps(told)) for key, told in PAGES.items()},
            **dict.fromkeys(MISSING, lambda call: _answer(missing(call.request.path), HTTPStatus.NOT_FOUND)),
            **{key: Documents(messages, "") for key in BULK},
            **{key: Documents(messages, action) for key, action in DOCUMENTS.items()},
        }
        await HttpServer(self._config, self._context, routes, push, later=HTTPStatus.TOO_MANY_REQUESTS).serve()


class Documents:
    """Documents that are written; of one path that takes a single one, what is done with it."""

    def __init__(self, messages: "Messages", action: str) -> None:
        self._messages = messages
        self._action = action

    def accepts(self, call: "Call") -> "Messages":
        """Every content type: there is but one form."""
        said = {name: call.names.get(name, "") for name in ("index", "type", "id")} | {"action": self._action}
        said |= {name: call.query(name) for name in ("pipeline", "routing")}
        call.given = {name: value for name, value in said.items() if value or name == "index"}
        return self._messages

    def taken(self, call: "Call", delivery: Delivery) -> web.Response:
        """What became of each, in their order."""
        status, body = self._told(call, delivery)
        return _answer(body, status)

    def refused(self, call: "Call", refusal: "Refusal") -> web.Response:
        """Why nothing was taken."""
        if refusal.status == HTTPStatus.BAD_REQUEST:
            status, body = self._told(call, Delivery.refuse(str(refusal)))
            if status != HTTPStatus.OK:
                refusal.status = HTTPStatus(status)
                return _answer(body)
        kind = KINDS.get(refusal.status, "illegal_argument_exception")
        return _answer(elasticsearch_error(refusal.status, kind, str(refusal)))

    def _told(self, call: "Call", delivery: Delivery) -> tuple[int, bytes]:
        return elasticsearch_answer(
            call.body,
            delivery,
            index=call.names.get("index", ""),
            action=self._action,
            document_id=call.names.get("id", ""),
            filter_path=call.query("filter_path"),
            took_ms=int(1000 * (monotonic() - call.began_s)),
        )


def _answer(body: bytes, status: int = HTTPStatus.OK) -> web.Response:
    headers = {"X-Elastic-Product": "Elasticsearch"}  # the official clients talk to nobody else
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def _page(body: bytes) -> "Page":
    return lambda _call: _answer(body)
