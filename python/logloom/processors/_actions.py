"""Actions on attributes, as the Collector's `attributes` and `resource` have them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

__all__ = ["Action", "problems_of", "specs"]

Value = Any
"""A value as the config has it, a list or a map too; its type is the attribute's."""

CONTEXTS = ("auth.identity", "auth.subject", "auth.username", "client.address", "tenant")
"""What is known of who sent a record."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    Attributes:
        action: `insert`: adds an attribute that is not there. `update`: changes one that is. `upsert`: both. `delete`:
            it goes. `hash`: its value becomes its SHA-256, in hexadecimal digits. `extract`: the named groups of
            `pattern`, searched in the text of `key`, become attributes. `convert`: its value becomes another type,
            where it can.
        key: The attribute.
        value: Its value.
        from_attribute: The attribute whose value it gets; where that is not there, nothing is done.
        from_context: It gets what is known of the sender: `client.address`, `auth.subject`, `tenant`.
        default_value: Its value where `from_attribute` or `from_context` give none.
        pattern: For `delete` and `hash`: a regular expression, found anywhere in the keys of attributes. For `extract`:
            what is searched for.
        converted_type: For `convert`: the type.
    """

    action: Literal["insert", "update", "upsert", "delete", "hash", "extract", "convert"]
    key: str | None = None
    value: Value | None = None
    from_attribute: str | None = None
    from_context: str | None = None
    default_value: Value | None = None
    pattern: str | None = None
    converted_type: Literal["int", "double", "string"] | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """What the action needs, and what it has no use for."""
        sources = [name for name in ("value", "from_attribute", "from_context") if getattr(self, name) is not None]
        puts = self.action in ("insert", "update", "upsert")
        if self.key is None and (self.action not in ("delete", "hash") or self.pattern is None):
            yield "key", f"'{self.action}' needs one"
        if puts and not sources and self.default_value is None:
            yield "value", f"'{self.action}' needs one, or from_attribute, from_context or default_value"
        if puts and len(sources) > 1:
            yield sources[1], f"not together with '{sources[0]}': one of them gives the value"
        for name in (*sources, "default_value") if not puts else ():
            if getattr(self, name) is not None:
                yield name, f"'{self.action}' has no use for it"
        if self.action == "extract" and (
            self.pattern is None or ("(?P<" not in self.pattern and "(?<" not in self.pattern)
        ):
            yield "pattern", "'extract' needs a pattern with named groups: (?P<name>...)"
        if self.pattern is not None and self.action not in ("delete", "hash", "extract"):
            yield "pattern", f"'{self.action}' has no use for it"
        if (self.action == "convert") != (self.converted_type is not None):
            yield "converted_type", "int, double or string: 'convert' needs it, and nothing else has a use for it"

    def lacking(self) -> Iterator[tuple[str, str]]:
        """What is not known of a sender."""
        if not self.is_known:
            yield "from_context", f"not supported: no headers of a request are kept, only {', '.join(CONTEXTS)}"

    @property
    def is_known(self) -> bool:
        """Whether what it asks of the sender is known here."""
        return self.from_context is None or self.from_context in CONTEXTS


def specs(actions: Sequence[Action]) -> list[dict[str, Any]]:
    """As the core is told; of what is not known of a sender there is only the default value."""
    return [asdict(action if action.is_known else replace(action, from_context=None)) for action in actions]


def problems_of(key: str, actions: Sequence[Action]) -> Iterator[tuple[str, str]]:
    """Of a list of actions: that it is none."""
    if not actions:
        yield key, "nothing is done: give actions"
