"""Which name of a certificate is the identity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.access.names import AmbiguousNameError, identity_of, names_of_auth_context, names_of_peercert


@pytest.mark.parametrize(
    ("names", "identity"),
    [
        ([], ""),
        (["cart.shop.svc", "spiffe://mesh/ns/shop/sa/cart", "cn"], "spiffe://mesh/ns/shop/sa/cart"),
        (["10.0.0.1", "https://x.example/y", "cart.shop.svc", "other.svc"], "cart.shop.svc"),
        (["10.0.0.1", "ann@shop.example", "Ann Smith"], "Ann Smith"),
        (["*.shop.example"], "*.shop.example"),
        (["localhost", "127.0.0.1"], "localhost"),
        (["::1"], "::1"),
        (["spiffe://a/b", "spiffe://a/b"], "spiffe://a/b"),
        (["x" * 5000, "cn"], "cn"),
        (["a\nb", "cn"], "cn"),
    ],
)
def test_the_identity(names: list[str], identity: str) -> None:
    assert identity_of(names) == identity


def test_two_spiffe_ids_are_none() -> None:
    with pytest.raises(AmbiguousNameError):
        identity_of(["spiffe://a/b", "SPIFFE://a/c"])


def test_what_the_libraries_tell() -> None:
    peercert = {
        "subject": ((("organizationName", "x"),), (("commonName", "cart"),)),
        "subjectAltName": (("DNS", "cart.svc"), ("URI", "spiffe://mesh/cart"), ("IP Address", "10.0.0.1")),
    }
    assert names_of_peercert(peercert) == ("cart.svc", "spiffe://mesh/cart", "10.0.0.1", "cart")
    assert names_of_peercert(None) == names_of_peercert({}) == ()
    context = {
        "transport_security_type": [b"ssl"],
        "x509_common_name": [b"cart"],
        "x509_subject_alternative_name": [b"cart.svc", b"spiffe://mesh/cart", b"10.0.0.1"],
    }
    assert names_of_auth_context(context) == ("cart.svc", "spiffe://mesh/cart", "10.0.0.1", "cart")
    assert names_of_auth_context({"transport_security_type": [b"ssl"]}) == ()


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_names(names: list[str]) -> None:
    identity = identity_of(names)
    assert identity in {*names, ""}
