"""`otlphttp`: OpenTelemetry's own protocol over HTTP, as protobuf or JSON.

Which answers are tried again, and when, is the specification's:
https://opentelemetry.io/docs/specs/otlp/#failures-1; but that answers about us (a wrong token, a wrong address) and not
about the records lose nothing: they are tried again until somebody puts it right.
"""

import asyncio
import io
import ssl
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, NoReturn, Self

import aiohttp

from logloom import rpc
from logloom._native import compress
from logloom.config import Auth, Bound, ClientTls, Compression, HttpUrl, Retry, Seconds, Secret, SendingQueue, Unfit
from logloom.errors import DestinationError, RefuseError, RetryError
from logloom.exporters import TooLargeError
from logloom.exporters._client import (
    USER_AGENT,
    Answers,
    credentials_of,
    header_problems,
    record_headers,
    retry_after_s,
)
from logloom.tls import Pems, Reloaded, client_context

if TYPE_CHECKING:
    from logloom._native import Batch, Delivery
    from logloom.exporters import ExporterContext

RETRYABLE: Final = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
ABOUT_US: Final = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.GONE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.UPGRADE_REQUIRED,
    HTTPStatus.NOT_IMPLEMENTED,
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
    HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED,
}
"""And redirects: statuses that say nothing about the records. Other 4xx are about them, other 5xx about either."""
REQUEST_BYTES_MAX: Final = 8_000_000
"""As protobuf; as JSON it is about twice that. The Collector takes 20 MiB where nothing else is set."""
ANSWER_BYTES_MAX: Final = 64 << 10
"""The most of an answer that is read."""
TEXT_BYTES_MAX: Final = 300
"""The most that is told of an answer that is no `google.rpc.Status`."""
TYPES: Final = {"proto": "application/x-protobuf", "json": "application/json"}

_CODINGS: Final[Mapping[str, Compression]] = {
    "gzip": "gzip",
    "zstd": "zstd",
    "deflate": "deflate",
    "zlib": "deflate",
    "none": "none",
}


@dataclass(frozen=True, slots=True)
class Config:
    """Where to, and how.

    Attributes:
        endpoint: The destination, to which `/v1/logs` is added.
        logs_endpoint: The whole address instead.
        encoding: Protobuf or JSON.
        compression: How bodies are compressed; `deflate` is `zlib`, and gzip stands in place of snappy and lz4.
        headers: Sent with each request.
        auth: As whom to send.
        record_uid: Give each record that has no `log.record.uid` its key in the journal as one, so that a destination
            knows what comes again.
        timeout: How long a request may take.
        tls: How an https connection is secured.
        proxy_url: A proxy on the way.
        retry_on_failure: When what was not taken is sent again.
        sending_queue: How batches are cut.
    """

    IGNORED: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("disable_keep_alives", "idle_conn_timeout", "max_conns_per_host", "max_idle_conns", "max_idle_conns_per_host"),
        "one connection is used, and kept",
    ) | {
        "compression_params": "the usual level is used",
        "cookies": "none are kept",
        "force_attempt_http2": "HTTP/1.1 is used",
        "http2_ping_timeout": "HTTP/1.1 is used",
        "http2_read_idle_timeout": "HTTP/1.1 is used",
        "metrics_endpoint": "only logs are sent",
        "profiles_endpoint": "only logs are sent",
        "read_buffer_size": "answers are small",
        "traces_endpoint": "spans are sent as logs",
        "write_buffer_size": "it has no use here",
    }

    LACKING: ClassVar[Mapping[str, str]] = {"middlewares": "a request goes out as it is"}

    endpoint: HttpUrl | None = None
    logs_endpoint: HttpUrl | None = None
    encoding: Literal["proto", "json"] = "proto"
    compression: Literal["gzip", "zstd", "deflate", "zlib", "snappy", "x-snappy-framed", "lz4", "none"] = "gzip"
    headers: dict[str, Secret] = field(default_factory=dict)
    auth: Auth | None = None
    record_uid: bool = False
    timeout: Annotated[Seconds, Bound(0.001, 3600)] = 30.0
    tls: ClientTls = field(default_factory=ClientTls)
    proxy_url: HttpUrl | None = None
    retry_on_failure: Retry = field(default_factory=Retry)
    sending_queue: SendingQueue = field(default_factory=SendingQueue)

    @classmethod
    def unfit(cls, keys: AbstractSet[str]) -> Unfit | None:
        """It is told where to send what is not sent here, and nothing else."""
        elsewhere = sorted(keys & {"traces_endpoint", "metrics_endpoint", "profiles_endpoint"})
        if not elsewhere or keys & {"endpoint", "logs_endpoint"}:
            return None
        return Unfit(f"only logs are sent, spans as such too: give 'logs_endpoint' beside {', '.join(elsewhere)}")

    def problems(self) -> Iterator[tuple[str, str]]:
        """What must hold between the fields."""
        if self.endpoint is None and self.logs_endpoint is None:
            yield "endpoint", "is needed, or logs_endpoint"
        yield from header_problems(self.headers)

    def notes(self) -> Iterator[tuple[str, str]]:
        """What is done in another way."""
        if self.compression not in _CODINGS:
            yield "compression", "not to be had here: gzip is used"

    @property
    def coding(self) -> Compression:
        """What bodies are compressed with."""
        return _CODINGS.get(self.compression, "gzip")

    @property
    def url(self) -> str:
        """Where logs are posted."""
        return self.logs_endpoint or f"{(self.endpoint or '').rstrip('/')}/v1/logs"

    @property
    def shown(self) -> str:
        """The same for the logs, without what may be a secret."""
        return self.url.partition("?")[0]


def create(config: Config, context: "ExporterContext") -> "OtlpHttp":
    """The exporter; it connects when it sends."""
    return OtlpHttp(config, context)


class OtlpHttp:
    """Posts to one address."""

    request_bytes_max = REQUEST_BYTES_MAX

    def __init__(self, config: Config, context: "ExporterContext") -> None:
        self._config = config
        self._answers = Answers(context.log)
        self._credentials = credentials_of(config.auth, context, in_the_open=not config.url.startswith("https:"))
        self._secured: ssl.SSLContext | bool = True
        self._reloaded = Reloaded(config.tls, self._take, context.log)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Set the session up.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
        """
        config = self._config
        ours = {"Content-Type": TYPES[config.encoding], "User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if config.coding != "none":
            ours["Content-Encoding"] = config.coding
        if config.url.startswith("https:"):
            self._reloaded.start()
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=1),
            headers=ours | {name: value.reveal() for name, value in config.headers.items()},
            timeout=aiohttp.ClientTimeout(total=config.timeout),
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the connection."""
        await self._reloaded.stop()
        if self._session is not None:
            await self._session.close()

    def _take(self, pems: Pems) -> None:
        self._secured = client_context(self._config.tls, pems)  # the next request connects anew with it

    async def send(self, batch: "Batch") -> "Delivery":
        """Post it in one request, and read the answer."""
        if self._session is None:
            msg = "send() before the exporter was entered"
            raise RuntimeError(msg)
        config = self._config
        body = await asyncio.to_thread(self._body, batch)
        try:
            async with self._session.post(
                config.url,
                data=io.BytesIO(body),
                headers={**record_headers(batch), **self._credentials()},
                allow_redirects=False,
                proxy=config.proxy_url,
                ssl=self._secured,
                server_hostname=config.tls.server_name_override or None,
            ) as response:
                answer = await _read(response)
        except TimeoutError:
            msg = f"{config.shown}: no answer within {config.timeout:g} s"
            raise RetryError(msg) from None
        except aiohttp.ClientError as error:
            msg = f"{config.shown}: {str(error) or type(error).__name__}"
            raise RetryError(msg) from None
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            self._fail(response, answer)
        read = rpc.read_partial_success_json if _is_json(response) else rpc.read_partial_success
        return self._answers.delivery(batch, read(answer))

    def _body(self, batch: "Batch") -> bytes:
        batch = batch.with_uids() if self._config.record_uid else batch
        data = batch.to_otlp() if self._config.encoding == "proto" else batch.to_otlp_json()
        return bytes(data) if self._config.coding == "none" else compress(data, self._config.coding)

    def _fail(self, response: aiohttp.ClientResponse, answer: bytes) -> NoReturn:
        if response.content_type.startswith("text/"):
            said = answer[:TEXT_BYTES_MAX].decode("utf-8", "replace").strip()
        else:
            said = (rpc.read_status_json if _is_json(response) else rpc.read_status)(answer).message
        why = f"{self._config.shown}: {response.status} {response.reason or ''}".rstrip()
        why = f"{why}: {said}" if said else why
        after_s = retry_after_s(response.headers.get("Retry-After"))
        if response.status in RETRYABLE:
            raise RetryError(why, after_s)
        if response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise TooLargeError(why)
        if location := response.headers.get("Location"):
            why = f"{why}: it is at {location[: rpc.MESSAGE_CHARS_MAX]}: give that as the endpoint"
        if response.status in ABOUT_US or response.status < HTTPStatus.BAD_REQUEST:
            raise DestinationError(why, after_s)
        raise RefuseError(why, is_sure=response.status < HTTPStatus.INTERNAL_SERVER_ERROR)


def _is_json(response: aiohttp.ClientResponse) -> bool:
    return response.content_type == TYPES["json"]


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The answer's body, or as much as is read of one."""
    body = bytearray()
    while len(body) < ANSWER_BYTES_MAX and (piece := await response.content.read(ANSWER_BYTES_MAX - len(body))):
        body += piece
    return bytes(body)
