"""Seeded log lines with personal data and secrets in them, and with what only looks like it.

The values are made by Faker, which is not ours, wherever it has them; the lines around them are.
"""

import base64
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson
from faker import Faker

__all__ = ["Line", "lines"]


@dataclass(frozen=True, slots=True)
class Line:
    """One text.

    Attributes:
        text: What was logged.
        key: The attribute that it is the value of; empty for a body.
        expected: What is to be found: characters from, to, and the rule.
    """

    text: str
    key: str
    expected: tuple[tuple[int, int, str], ...]


Maker = Callable[[], str]


def _makers(seed: int) -> dict[str, list[Maker]]:
    """By rule, what makes its values."""
    draw = random.Random(seed)
    by_locale = {name: Faker(name) for name in _LOCALES}
    for fake in by_locale.values():
        fake.seed_instance(seed)
    us = by_locale["en_US"]

    def letters(alphabet: str, count: int) -> str:
        return "".join(draw.choices(alphabet, k=count))

    word, upper = string.ascii_letters + string.digits, string.ascii_uppercase + string.digits

    def grouped(number: str, *sizes: int, by: str = " ") -> str:
        parts, at = [], 0
        for size in sizes:
            parts.append(number[at : at + size])
            at += size
        return by.join(parts)

    def jwt() -> str:
        part = {"alg": "HS256", "typ": "JWT"}, {"sub": str(draw.randrange(10**9)), "iat": draw.randrange(2**31)}
        encoded = [base64.urlsafe_b64encode(orjson.dumps(one)).rstrip(b"=").decode() for one in part]
        return ".".join([*encoded, letters(word + "-_", 43)])

    def card() -> str:
        number = us.credit_card_number()
        sizes = {16: (4, 4, 4, 4), 15: (4, 6, 5)}.get(len(number))
        return grouped(number, *sizes, by=draw.choice(" -")) if sizes and draw.random() < 0.4 else number

    def iban() -> str:
        number = by_locale[draw.choice(_IBANS)].iban()
        return grouped(number, *[4] * (len(number) // 4 + 1)).strip() if draw.random() < 0.4 else number

    return {
        "credit_card": [card],
        "iban": [iban],
        "email": [fake.email for fake in by_locale.values()],
        "ip_address": [us.ipv4, us.ipv4_private, us.ipv6, lambda: str(us.ipv6()).upper()],
        "mac_address": [us.mac_address, lambda: us.mac_address().replace(":", "-").upper()],
        "us_ssn": [us.ssn],
        "ca_sin": [by_locale["en_CA"].ssn],
        "br_cpf": [by_locale["pt_BR"].cpf],
        "in_aadhaar": [lambda: grouped(_aadhaar(draw), 4, 4, 4)],
        "es_nif": [by_locale["es_ES"].nif, by_locale["es_ES"].nie],
        "fi_hetu": [by_locale["fi_FI"].ssn],
        "it_fiscal_code": [by_locale["it_IT"].ssn],
        "jwt": [jwt],
        "aws_access_key": [lambda: draw.choice(["AKIA", "ASIA", "AROA"]) + letters(upper, 16)],
        "github_token": [
            lambda: draw.choice(["ghp_", "gho_", "ghs_"]) + letters(word, 36),
            lambda: f"github_pat_{letters(word, 22)}_{letters(word, 59)}",
        ],
        "gitlab_token": [lambda: "glpat-" + letters(word + "-_", 20)],
        "slack_token": [lambda: f"xoxb-{letters(string.digits, 12)}-{letters(string.digits, 12)}-{letters(word, 24)}"],
        "stripe_key": [lambda: draw.choice(["sk_live_", "rk_live_", "sk_test_"]) + letters(word, 24)],
        "npm_token": [lambda: "npm_" + letters(word, 36)],
        "pypi_token": [lambda: "pypi-AgEIcHlwaS5vcmc" + letters(word + "-_", 120)],
        "gcp_key": [lambda: "AIza" + letters(word + "-_", 35)],
        "private_key": [
            lambda: (
                "-----BEGIN RSA PRIVATE KEY-----\n"
                + "\n".join(letters(word + "+/", 64) for _ in range(6))
                + "\n-----END RSA PRIVATE KEY-----"
            )
        ],
        "phone": [us.phone_number, *(by_locale[name].phone_number for name in ("en_GB", "nl_NL", "fr_FR", "es_ES"))],
        # Faker's are never given to anybody.
        "uk_nino": [lambda: draw.choice(["AB", "JK", "PW"]) + letters(string.digits, 6) + draw.choice("ABCD")],
    }


_LOCALES = (
    "en_US", "en_GB", "en_CA", "nl_NL", "de_DE", "fr_FR", "pt_BR", "en_IN", "pl_PL", "fi_FI", "it_IT", "es_ES",
)  # fmt: skip

_IBANS = ("nl_NL", "de_DE", "fr_FR", "pt_BR", "pl_PL", "fi_FI", "it_IT", "es_ES")
"""Those whose IBANs Faker makes as long as they are."""

CONTEXTS = {
    "phone": ("call me at {}", "phone: {}", "customer mobile={}", "tel {} was dialed"),
    "uk_nino": ("national insurance number {}", "nino={}"),
    "ca_sin": ("social insurance number {} given", "sin: {}"),
}
"""Rules that need a word."""

AROUND = (
    "{}",
    "user {} signed in",
    "payment by {} was declined, code 402",
    'request failed: {{"value": "{}", "attempt": 3}}',
    "[2026-11-21T10:12:34.567Z] INFO  [main] c.e.Service - got {} in 12 ms",
    "value={}, next",
    "({})",
)


def _aadhaar(draw: random.Random) -> str:
    """By the standard's tables, which the core does not use."""
    d = [[int(c) for c in row] for row in _VERHOEFF_D.split()]
    p = [[int(c) for c in row] for row in _VERHOEFF_P.split()]
    body = str(draw.randrange(2, 10)) + "".join(str(draw.randrange(10)) for _ in range(10))
    check = 0
    for place, digit in enumerate(reversed(body), 1):
        check = d[check][p[place % 8][int(digit)]]
    return body + str(next(n for n in range(10) if d[check][n] == 0))


_VERHOEFF_D = """0123456789 1234067895 2340178956 3401289567 4012395678
                 5987604321 6598710432 7659821043 8765932104 9876543210"""
_VERHOEFF_P = """0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258"""


def _harmless(draw: random.Random) -> str:
    """What only looks like something."""
    number = draw.randrange
    return draw.choice(
        [
            f"order {number(10**9, 10**10)} shipped in {number(10**4)} ms",
            f"trace_id={number(2**128):032x} span_id={number(2**64):016x}",
            f"request {uuid.UUID(int=number(2**128))} took {number(10**6)} us",
            f"epoch {number(10**18, 2 * 10**18)} ns, {number(10**12, 2 * 10**12)} ms",
            f"version {number(20)}.{number(20)}.{number(200)} build {number(10**6)}",
            f"2026-{number(1, 13):02}-{number(1, 29):02} {number(24):02}:{number(60):02}:{number(60):02}.1",
            f"sha256:{number(2**256):064x}",
            f"commit {number(2**160):040x} by bot",
            f"GET /api/v{number(9)}/items/{number(10**8)}?page={number(100)} HTTP/1.1 {number(200, 500)}",
            f"std::vec::Vec<{number(64)}> at src/main.rs:{number(999)}:{number(80)}",
            f"ratio 0.{number(10**16):016} of {number(10**15)} bytes",
            f"git@github fetched @types/node@{number(20)}.{number(20)}.0 from https://registry.example/x",
            f"token bucket: tokens={number(1000)} refill={number(10)}/s; password policy: strong",
            f"pid {number(10**5)} tid {number(10**15, 10**16)} oid 1.3.6.1.4.1.{number(10**5)}.{number(10)}",
            f"account {number(10**11, 10**12)} balance {number(10**9)}",
        ]
    )


def lines(seed: int = 7, each: int = 200) -> Iterator[Line]:
    """So many of each rule, and as many harmless ones as of all rules together."""
    draw = random.Random(seed)
    makers = _makers(seed)
    for rule, making in makers.items():
        for _ in range(each):
            value = str(draw.choice(making)())
            before, after = draw.choice(CONTEXTS.get(rule, AROUND)).replace("{{", "{").replace("}}", "}").split("{}")
            yield Line(before + value + after, "", ((len(before), len(before) + len(value), rule),))
    for _ in range(each * len(makers)):
        yield Line(_harmless(draw), draw.choice(["", "message", "log.record.original"]), ())
