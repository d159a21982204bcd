"""What follows from an identity: `service.identities`, `service.tenant_headers`, and the pipelines of a receiver."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from logloom.config import IdentityConfig, ServiceConfig

__all__ = ["DEFAULT_TENANT", "TENANT_CHARS_MAX", "Rules", "fits"]

DEFAULT_TENANT: Final = "default"
"""What the tenant is called that records have without one; in an Origin it is the empty text."""
TENANT_CHARS_MAX: Final = 150
"""The longest name of a tenant; Loki's bound."""

_TENANT: Final = re.compile(r"[A-Za-z0-9!_.*'()|-]{1,150}")


class Rules:
    """The rules of one service.

    Attributes:
        identities: What each identity may do, by its name or a pattern.
        tenant_headers: The headers that may name the tenant, in lower case.
        feeds: The pipelines that each receiver feeds, by its id.
    """

    def __init__(
        self,
        identities: "Mapping[str, IdentityConfig] | None" = None,
        tenant_headers: Sequence[str] = (),
        feeds: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        # The most exact first: of two patterns the longer one.
        self.identities = dict(sorted((identities or {}).items(), key=lambda item: ("*" in item[0], -len(item[0]))))
        self.tenant_headers = tuple(name.lower() for name in tenant_headers)
        self.feeds = feeds or {}

    @classmethod
    def of(cls, service: "ServiceConfig") -> "Rules":
        """Those of a config."""
        feeds: dict[str, list[str]] = {}
        always = [service.default_pipeline] if service.default_pipeline else []
        for name, pipeline in service.pipelines.items():
            for receiver in pipeline.receivers:
                feeds.setdefault(receiver, list(always)).append(name)
        return cls(service.identities, service.tenant_headers, feeds)

    def rule(self, identity: str) -> "IdentityConfig | None":
        """The rule that holds for it, if any."""
        return next((rule for pattern, rule in self.identities.items() if fits(pattern, identity)), None)

    def may_feed(self, identity: str, receiver: str) -> bool:
        """Whether there is a pipeline that takes what `identity` sends to `receiver`: one is enough."""
        rule = self.rule(identity)
        if rule is None or not rule.pipelines or receiver not in self.feeds:
            return True
        return not set(rule.pipelines).isdisjoint(self.feeds[receiver])

    def tenant(self, identity: str, asked: str) -> str:
        """Whose the records of `identity` are, which asks for the tenant `asked` (or, where empty, for none).

        Raises:
            ValueError: What it asks for is no name.
            PermissionError: It may not write for that one.
        """
        if asked and not _TENANT.fullmatch(asked):
            msg = f"that is no name of a tenant: 1 to {TENANT_CHARS_MAX} letters, digits and !-_.*'()|"
            raise ValueError(msg)
        rule = self.rule(identity)
        if rule is not None and (rule.tenant or rule.tenants):
            if not asked:
                return _stored(rule.tenant)
            if asked != rule.tenant and not any(fits(pattern, asked) for pattern in rule.tenants):
                msg = f"may not write for the tenant '{asked}'"
                raise PermissionError(msg)
        return _stored(asked)

    def senders(self) -> list[dict[str, Any]]:
        """What the core holds: who may write where, and how much; the most exact first."""
        return [
            {
                "pattern": pattern,
                "pipelines": rule.pipelines or None,
                "records_per_s": float(rule.records_per_second),
                "bytes_per_s": float(rule.bytes_per_second),
                "burst_s": rule.burst,
            }
            for pattern, rule in self.identities.items()
        ]


def fits(pattern: str, text: str) -> bool:
    """Whether `text` is what `pattern` says, in which one `*` stands for anything."""
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)


def _stored(tenant: str) -> str:
    return "" if tenant == DEFAULT_TENANT else tenant
