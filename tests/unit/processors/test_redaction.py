"""What is found and masked, what is left alone byte for byte, and what is told of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from logloom import Batch, config, parse
from logloom._native import Processor, find_sensitive, redaction_rules
from logloom.errors import InvalidConfigError
from logloom.processors.redaction import Config, Hmac, Pattern, create

DOCS = Path(__file__).parents[3] / "docs" / "redaction.md"
CARD = "4111 1111 1111 1111"
KEY = Hmac(config.Secret("0123456789abcdef0123456789abcdef"))


def request(body: Any = None, **attributes: Any) -> ExportLogsServiceRequest:
    """One record, with numbers and ids that only look like something."""
    made = ExportLogsServiceRequest()
    logs = made.resource_logs.add()
    logs.resource.attributes.add(key="owner").value.string_value = "ops@example.com"
    scope_logs = logs.scope_logs.add()
    scope_logs.scope.name = "a@b.cc"
    scope_logs.scope.attributes.add(key="contact").value.string_value = "dev@example.com"
    record = scope_logs.log_records.add(
        time_unix_nano=4111111111111111, severity_number=9, severity_text="a@b.cc", trace_id=b"a@b.cc__________"
    )
    if body is not None:
        record.body.CopyFrom(any_value(body))
    for key, value in attributes.items():
        record.attributes.add(key=key).value.CopyFrom(any_value(value))
    return made


def any_value(value: Any) -> AnyValue:
    """A value as OTLP has it."""
    made = AnyValue()
    if isinstance(value, dict):
        made.kvlist_value.values.extend(KeyValue(key=key, value=any_value(one)) for key, one in value.items())
    elif isinstance(value, list):
        made.array_value.values.extend(any_value(one) for one in value)
    else:
        kinds = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value", bytes: "bytes_value"}
        setattr(made, kinds[type(value)], value)
    return made


def redacted(message: ExportLogsServiceRequest, **options: Any) -> tuple[ExportLogsServiceRequest, dict[str, int]]:
    """The same request behind the processor, and what was counted."""
    batch, outcome = create(Config(**options)).apply(Batch.from_otlp(message.SerializeToString()))
    return ExportLogsServiceRequest.FromString(bytes(batch)), outcome["rules"]


def record(message: ExportLogsServiceRequest) -> dict[str, Any]:
    """Its record's body and attributes."""
    return next(iter(Batch.from_otlp(message.SerializeToString()))).to_dict()


def test_texts_are_found_wherever_they_stand() -> None:
    card = f"paid by {CARD}."
    given = request(
        {"deep": [{"deeper": card}]},
        plain=card,
        nested={"list": [card, 7]},
        raw=f"\xff {CARD}".encode("latin-1"),
        **{"log.record.original": card},
    )
    message, found = redacted(given)
    assert found == {"credit_card": 5, "email": 2}
    assert record(message)["body"] == {"deep": [{"deeper": "paid by ****."}]}
    assert record(message)["attributes"] == {
        "plain": "paid by ****.",
        "nested": {"list": ["paid by ****.", 7]},
        "raw": b"\xff ****",
        "log.record.original": "paid by ****.",
    }
    logs = message.resource_logs[0]
    assert logs.resource.attributes[0].value.string_value == "****"
    assert logs.scope_logs[0].scope.attributes[0].value.string_value == "****"


def test_ids_times_and_numbers_are_never_touched() -> None:
    message, found = redacted(request(4111111111111111, card=4111111111111111, ratio=4.111111111111111, yes=True))
    was = request(4111111111111111, card=4111111111111111, ratio=4.111111111111111, yes=True)
    now, before = message.resource_logs[0].scope_logs[0], was.resource_logs[0].scope_logs[0]
    assert now.log_records == before.log_records
    assert now.scope.name == before.scope.name
    assert found == {"email": 2}


def test_a_number_in_its_groups_is_one_where_the_text_is_nothing_else() -> None:
    assert record(redacted(request("532 123 45 67"), rules=["phone"])[0])["body"] == "****"
    assert record(redacted(request("took 532 123 45 67"), rules=["phone"])[0])["body"] == "took 532 123 45 67"


def test_what_nothing_is_found_in_is_the_same_batch() -> None:
    message = request("nothing to see", n=1)
    message.resource_logs[0].resource.Clear()
    message.resource_logs[0].scope_logs[0].scope.Clear()
    data = message.SerializeToString()
    batch, outcome = create(Config()).apply(Batch.from_otlp(data))
    assert (bytes(batch), outcome["rules"]) == (data, {})


def test_rejects_and_joined_lines_are_searched_too() -> None:
    lines = b'{"broken": "mail bob@example.com\n{"level": "error", "message": "a"}\n'
    batch, outcome = create(Config(rules=["email"])).apply(parse(lines, format="json"))
    assert outcome["rules"]["email"] >= 1
    assert b"bob@" not in bytes(batch)
    assert len(batch.rejects) == 1
    trace = b'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: bob@example.com\n'
    batch, _ = create(Config(rules=["email"])).apply(parse(trace, format="python"))
    assert b"bob@" not in bytes(batch)


@pytest.mark.parametrize(
    ("action", "left"),
    [("mask", "pay ****!"), ("partial", "pay ****1111!"), ("drop", None)],
)
def test_actions(action: Any, left: str | None) -> None:
    message, _ = redacted(request("pay 4111111111111111!", a="pay 4111111111111111!"), action=action)
    seen = record(message)
    assert seen["attributes"].get("a") == left
    assert seen["body"] == (left or "pay ****!")


def test_pseudonyms_join_what_is_written_differently_and_tell_keys_apart() -> None:
    given = request(
        "x", a="to Bob@Example.com", b="to bob@example.com", c=CARD, d=CARD.replace(" ", "-"), e="eve@x.org"
    )
    message, _ = redacted(given, action="hmac", hmac=KEY)
    seen = record(message)["attributes"]
    assert re.fullmatch(r"to hmac:1:[0-9a-f]{32}", seen["a"])
    assert seen["a"] == seen["b"]
    assert seen["c"] == seen["d"]
    assert len({seen["a"], seen["c"], seen["e"]}) == 3
    other, _ = redacted(given, action="hmac", hmac=Hmac(config.Secret("x" * 32), "2"))
    assert record(other)["attributes"]["a"] != seen["a"]


def test_what_was_masked_is_not_found_again() -> None:
    given = request("mail bob@example.com, password=hunter2", password="hunter2")  # noqa: S106 - not one
    once, _ = redacted(given)
    twice, found = redacted(once)
    assert twice == once
    assert found == {}


def test_actions_by_rule_and_patterns_of_ones_own() -> None:
    message, found = redacted(
        request("order A-77 of bob@example.com from 10.0.0.1"),
        rules=["email", "ip_address"],
        actions={"email": "partial"},
        custom={"order": Pattern(r"\bA-\d+\b")},
    )
    assert record(message)["body"] == "order **** of ****.com from ****"
    assert found == {"order": 1, "email": 3, "ip_address": 1}


def test_the_collectors_shape() -> None:
    given = request(
        "4111111111111111",
        keep="a 4111111111111111",
        gone="x",
        free="4111111111111111",
        secret_note="abc",  # noqa: S106 - not one
    )
    message, found = redacted(
        given,
        allowed_keys=["keep", "secret_note", "owner", "contact"],
        ignored_keys=["free"],
        blocked_values=["4[0-9]{12}(?:[0-9]{3})?"],
        blocked_key_patterns=["^secret.*"],
        allowed_values=[],
    )
    assert record(message)["attributes"] == {"keep": "a ****", "secret_note": "****", "free": "4111111111111111"}
    assert record(message)["body"] == "****"
    assert found == {"blocked_values": 2, "blocked_key": 1, "not_allowed_key": 1}
    message, _ = redacted(given, blocked_values=["4[0-9]+"], allowed_values=["4111111111111111"])
    assert message == given


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("rules: [emial]", "processors.redaction.rules: no rule 'emial': authorization, "),
        ("rules: some", "processors.redaction.rules: 'all', or a list of names"),
        ("action: hmac", "processors.redaction.hmac: pseudonyms need a key"),
        ("hmac: {key: short}", "processors.redaction.hmac.key: shorter than 32 characters"),
        ("custom: {x: {pattern: '('}}", "processors.redaction"),
        ("action: burn", "processors.redaction.action"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(options: str, told: str) -> None:
    text = (
        f"receivers: {{otlp: {{protocols: {{grpc: }}}}}}\nprocessors: {{redaction: {{{options}}}}}\n"
        "exporters: {nop: }\n"
        "service: {pipelines: {logs: {receivers: [otlp], processors: [redaction], exporters: [nop]}}}"
    )
    with pytest.raises(InvalidConfigError) as caught:
        config.loads(text)
    assert told in str(caught.value)
    assert "short:" not in str(caught.value)


def test_the_page_lists_every_rule() -> None:
    page = DOCS.read_text("utf-8")
    for name, about in redaction_rules():
        assert f"| `{name}` | {about} |" in page


TEXTS = st.text() | st.sampled_from(
    [CARD, "bob@example.com", "10.0.0.1", "password=x", "-----BEGIN PRIVATE KEY-----", "::", "+1"]
)
VALUES = st.recursive(
    TEXTS | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.binary(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=4))
def test_only_texts_change_and_stay_texts(body: Any, attributes: dict[str, Any]) -> None:
    was = request(body, **attributes)
    message, _ = redacted(was)

    def shape(value: AnyValue) -> Any:
        kind = value.WhichOneof("value")
        if kind == "array_value":
            return [shape(one) for one in value.array_value.values]
        if kind == "kvlist_value":
            return [(one.key, shape(one.value)) for one in value.kvlist_value.values]
        return kind if kind in ("string_value", "bytes_value") else (kind, value)

    old, new = (one.resource_logs[0].scope_logs[0].log_records[0] for one in (was, message))
    assert shape(new.body) == shape(old.body)
    assert [(one.key, shape(one.value)) for one in new.attributes] == [
        (one.key, shape(one.value)) for one in old.attributes
    ]
    for one in (old, new):
        one.ClearField("body")
        one.ClearField("attributes")
    assert new == old


@given(st.text(), st.text(max_size=12))
def test_finds_are_in_order_within_the_text_and_on_characters(text: str, key: str) -> None:
    data = text.encode(errors="surrogatepass")
    end = 0
    for start, stop, _ in find_sensitive(text, key=key) if data == text.encode(errors="replace") else []:
        assert end <= start < stop <= len(data)
        data[start:stop].decode()
        end = stop


def test_an_unknown_action_is_no_action() -> None:
    with pytest.raises(Exception, match="no action 'x'"):
        Processor.redaction([("email", "x")])
