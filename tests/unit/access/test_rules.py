"""What follows from an identity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.access.rules import Rules, fits
from logloom.config import IdentityConfig, loads

CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: 127.0.0.1:0}}}, zipkin: {endpoint: 127.0.0.1:0}}
exporters: {nop: {}}
service:
  tenant_headers: [X-Tenant]
  identities:
    "*": {pipelines: [logs]}
    spiffe://mesh/*: {tenant: mesh, bytes_per_second: 1MiB, burst: 10s}
    spiffe://mesh/ns/shop/*: {tenant: shop}
    ann: {tenants: ["shop-*"]}
  default_pipeline: logs/rest
  pipelines:
    logs: {receivers: [otlp], exporters: [nop]}
    logs/two: {receivers: [otlp, zipkin], exporters: [nop]}
    logs/rest: {receivers: [otlp], exporters: [nop]}
"""


def test_of_a_config() -> None:
    rules = Rules.of(loads(CONFIG).service)
    assert rules.tenant_headers == ("x-tenant",)
    assert rules.feeds == {"otlp": ["logs/rest", "logs", "logs/two", "logs/rest"], "zipkin": ["logs/rest", "logs/two"]}
    assert [rules.tenant(who, "") for who in ("spiffe://mesh/ns/shop/sa/x", "spiffe://mesh/x", "ann", "bob")] == [
        "shop",
        "mesh",
        "",
        "",
    ]
    assert rules.may_feed("bob", "otlp")
    assert not rules.may_feed("bob", "zipkin")
    assert not rules.may_feed("", "zipkin")
    assert rules.may_feed("ann", "zipkin")
    assert [sender["pattern"] for sender in rules.senders()] == [
        "ann",
        "spiffe://mesh/ns/shop/*",
        "spiffe://mesh/*",
        "*",
    ]
    assert rules.senders()[2] | {"pattern": ""} == {
        "pattern": "",
        "pipelines": None,
        "records_per_s": 0.0,
        "bytes_per_s": float(1 << 20),
        "burst_s": 10.0,
    }


def test_names_of_tenants() -> None:
    rules = Rules({"ann": IdentityConfig(tenants=["shop-*"])})
    assert rules.tenant("ann", "shop-1") == "shop-1"
    assert rules.tenant("bob", "a|b") == "a|b"
    for asked in ("a b", "ä", "x" * 151, "a/b", "\n"):
        with pytest.raises(ValueError, match="no name of a tenant"):
            rules.tenant("bob", asked)
    with pytest.raises(PermissionError):
        rules.tenant("ann", "shop")


@given(st.text("ab", max_size=4), st.text("ab", max_size=4), st.text("ab", max_size=4))
def test_one_star(before: str, middle: str, after: str) -> None:
    assert fits(f"{before}*{after}", before + middle + after)
    assert fits(before, before)
    assert not fits(before, before + "c")
    assert not fits(f"{before}*{after}c", before + after)
