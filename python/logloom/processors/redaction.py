"""`redaction`: finds personal data and secrets in every text of a record, and masks them before anything is journalled.

Texts are: the body, `log.record.original`, every attribute however deep, those of the resource and the scope, the raw
body of what no format could read, and what was joined of many lines. Ids, times and numbers that are not text are never
touched. What each rule found is counted under its name; never the value. `docs/redaction.md` lists the rules.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from logloom._native import Processor, redaction_rules
from logloom.config import Secret
from logloom.errors import ConfigError

ACTIONS = Literal["mask", "partial", "drop", "hmac"]
"""`****`; `****` and the last four characters; the attribute goes; a keyed pseudonym."""


@dataclass(frozen=True, slots=True)
class Hmac:
    """The key of pseudonyms.

    Attributes:
        key: At least 32 characters. The same value has the same pseudonym under it, within a tenant.
        key_id: Stands in each pseudonym. Give a new one with each new key.
    """

    key: Secret
    key_id: str = "1"

    def problems(self) -> Iterator[tuple[str, str]]:
        """A key that can be guessed hides nothing."""
        if len(self.key.reveal()) < KEY_CHARACTERS_MIN:
            yield "key", f"shorter than {KEY_CHARACTERS_MIN} characters: whoever guesses it can undo every pseudonym"
        if not self.key_id.isalnum():
            yield "key_id", "letters and digits, one at least"


KEY_CHARACTERS_MIN = 32


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule of your own.

    Attributes:
        pattern: A regular expression (https://docs.rs/regex/latest/regex/#syntax), found anywhere in a text.
        action: What is done with what it matches; `action` of the processor where not given.
    """

    pattern: str
    action: ACTIONS | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What is looked for, and what is done with it.

    Attributes:
        rules: `all`, or names of rules. Where not given: all, unless one of the Collector's keys says what to look for.
        action: What is done with what is found.
        actions: By rule, where it is another.
        hmac: The key for the action `hmac`.
        custom: Rules of your own, by name.
        blocked_values: Regular expressions; what they match is masked (the Collector's key).
        allowed_values: Regular expressions; what was found is left alone where one of them matches all of it.
        blocked_key_patterns: Regular expressions; texts of attributes whose key one of them matches are masked whole.
        ignored_keys: Attributes that nothing is looked for in.
        allowed_keys: Where given, all other attributes are dropped, unless `allow_all_keys`.
        allow_all_keys: As in the Collector; with it `allowed_keys` does nothing.
        hash_function: The Collector's; here what is found becomes a pseudonym under `hmac.key`, whatever is named.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "redact_all_types": "only texts are looked at: a number that is no text is no card",
        "summary": "what was found is counted, and no attribute is added",
    }

    rules: str | list[str] | None = None
    action: ACTIONS = "mask"
    actions: dict[str, ACTIONS] = field(default_factory=dict)
    hmac: Hmac | None = None
    custom: dict[str, Pattern] = field(default_factory=dict)
    blocked_values: list[str] = field(default_factory=list)
    allowed_values: list[str] = field(default_factory=list)
    blocked_key_patterns: list[str] = field(default_factory=list)
    ignored_keys: list[str] = field(default_factory=list)
    allowed_keys: list[str] | None = None
    allow_all_keys: bool = False
    hash_function: str | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Names that stand for nothing, patterns that cannot be read, pseudonyms without a key."""
        known = [name for name, _ in redaction_rules()]
        if isinstance(self.rules, str) and self.rules != "all":
            yield "rules", "'all', or a list of names"
        for key, names in (("rules", self.names()), ("actions", self.actions)):
            for name in names:
                if name not in known and not (key == "actions" and name in self.custom):
                    yield key, f"no rule '{name}': {', '.join(known)}"
                    return
        used = {self.action, *self.actions.values(), *(one.action for one in self.custom.values())}
        if (("hmac" in used) or self.hash_function is not None) and self.hmac is None:
            yield "hmac", "pseudonyms need a key: give 'key', such as ${env:REDACTION_KEY}"
        try:
            create(self)
        except ConfigError as error:
            yield "", str(error)

    def names(self) -> list[str]:
        """The rules that are used."""
        if isinstance(self.rules, list):
            return self.rules
        collectors = self.blocked_values or self.blocked_key_patterns or self.allowed_keys is not None
        if self.rules is None and collectors:
            return []
        return [name for name, _ in redaction_rules()]

    def does(self, what: str) -> str:
        """What becomes of what a rule finds, or of an attribute (`key:NAME`, with `*`): the action, or nothing."""
        default = "hmac" if self.hash_function is not None else self.action
        if not what.startswith("key:"):
            return self.actions.get(what, default) if what in self.names() else ""
        key = what.removeprefix("key:")
        if (
            self.allowed_keys is not None
            and not self.allow_all_keys
            and "*" not in key
            and key not in self.allowed_keys
        ):
            return "drop"
        sample = key.replace("*", "x")
        return "mask" if any(re.search(pattern, sample) for pattern in self.blocked_key_patterns) else ""


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    default = "hmac" if config.hash_function is not None else config.action
    custom = [(name, one.pattern, one.action or default) for name, one in config.custom.items()]
    custom += [("blocked_values", pattern, default) for pattern in config.blocked_values]
    return Processor.redaction(
        [(name, config.actions.get(name, default)) for name in config.names()],
        custom=custom,
        allowed_values=config.allowed_values,
        blocked_keys=config.blocked_key_patterns,
        ignored_keys=config.ignored_keys,
        allowed_keys=None if config.allow_all_keys else config.allowed_keys,
        pseudonyms=(config.hmac.key_id, config.hmac.key.reveal().encode()) if config.hmac else None,
    )
