"""A receiver and an exporter for tests, where the config and the service look for the real ones."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal, Self

from logloom._native import Batch, Delivery
from logloom.config import Bound, Bytes, ClientTls, Endpoint, Retry, Seconds, Secret, SendingQueue, model


@dataclass(frozen=True, slots=True)
class InnerConfig:
    """What lies one level down.

    Attributes:
        endpoint: Where.
    """

    endpoint: Endpoint = field(default_factory=lambda: Endpoint("127.0.0.1", 4317))


@dataclass(frozen=True, slots=True)
class InConfig:
    """A receiver with a field of each kind.

    Attributes:
        grpc: Nested, off unless named.
        include: A list.
        mode: A choice.
        size: A size.
        every: A time.
        token: A secret.
        labels: A map.
        on: A switch.
        options: A format's options.
    """

    IGNORED: ClassVar[dict[str, str]] = {"read_buffer_size": "the core sizes its own"}

    grpc: InnerConfig | None = None
    include: list[str] = field(default_factory=list)
    mode: Literal["beginning", "end"] = "end"
    size: Annotated[Bytes, Bound(1, 1 << 30)] = 1 << 20
    every: Annotated[Seconds, Bound(0.001, 3600)] = 0.2
    token: Secret = field(default_factory=Secret)
    labels: dict[str, str] = field(default_factory=dict)
    on: bool = True
    options: dict[str, str | bool | int | dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutConfig:
    """An exporter's usual fields.

    Attributes:
        endpoint: Where to.
        headers: Sent with each request.
        tls: How the connection is secured.
        retry_on_failure: When again.
        sending_queue: How batches are cut.
    """

    endpoint: Endpoint
    headers: dict[str, Secret] = field(default_factory=dict)
    tls: ClientTls = field(default_factory=ClientTls)
    retry_on_failure: Retry = field(default_factory=Retry)
    sending_queue: SendingQueue = field(default_factory=SendingQueue)


class Receiver:
    """Pushes what the test hands it; `hold` keeps it from returning."""

    def __init__(self, config: InConfig, context: Any) -> None:
        self.config = config
        self.context = context
        self.push: Any = None
        self.fail: asyncio.Future[None] | None = None

    async def run(self, push: Any) -> None:
        self.push = push
        self.fail = asyncio.get_running_loop().create_future()
        self.context.up(test="here")
        stopping = asyncio.create_task(self.context.stopping.wait())
        done, _ = await asyncio.wait([stopping, self.fail], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in done:
            task.result()

    async def text(self, *lines: str) -> Delivery:
        return await self.push(self.push.messages("text"), "\n".join(lines).encode())


class Exporter:
    """Keeps what it is sent; answers what `answers` gives first."""

    def __init__(self, config: OutConfig, context: Any) -> None:
        self.config = config
        self.context = context
        self.answers: list[Delivery | BaseException] = []
        self.bodies: list[list[str]] = []
        self.attempts = 0
        self.opened = self.closed = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def __aenter__(self) -> Self:
        self.opened = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    async def send(self, batch: Batch) -> Delivery:
        self.attempts += 1
        await self.gate.wait()
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            if answer.kind != "done":
                return answer
        self.bodies.append([record.body for record in batch])
        return Delivery.done(len(batch))


@contextmanager
def installed() -> Iterator[SimpleNamespace]:
    """`receivers.tin` and `exporters.tout`, and what was made of them: by id, in `made`."""
    made: dict[str, Any] = {}
    refuse: dict[str, Exception] = {}

    def module(config: type, make: Callable[[Any, Any], Any]) -> ModuleType:
        def create(config: Any, context: Any) -> Any:
            if (error := refuse.get(context.id)) is not None:
                raise error
            made[context.id] = make(config, context)
            return made[context.id]

        built = ModuleType("component")
        vars(built).update(Config=config, create=create)
        return built

    modules = {
        "logloom.receivers.tin": module(InConfig, Receiver),
        "logloom.exporters.tout": module(OutConfig, Exporter),
    }
    real = model.component_types
    more = {"receivers": ["tin"], "exporters": ["tout"]}
    model.component_types = lambda section: sorted([*real(section), *more.get(section, [])])  # type: ignore[assignment]
    sys.modules.update(modules)
    try:
        yield SimpleNamespace(made=made, refuse=refuse)
    finally:
        model.component_types = real
        for name in modules:
            del sys.modules[name]
