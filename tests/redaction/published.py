"""The cases of Presidio's recognizers, as `../shared/corpora` has them: texts, and which characters are to be found."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tests.redaction.score import Score, score
from tests.redaction.traffic import Line

__all__ = ["CASES", "scored"]

CASES = (
    Path(os.environ.get("CORPORA", Path(__file__).parents[3] / "shared" / "corpora"))
    / "presidio-cases"
    / "recognizers.shared.cases.json"
)

PLACES = ("expected_positions", "expected_res", "expected_position")
"""Where they tell them."""

RULES = {
    "CA_SIN": "ca_sin",
    "CREDIT_CARD": "credit_card",
    "DE_TAX_ID": "de_tax_id",
    "EMAIL_ADDRESS": "email",
    "ES_NIF": "es_nif",
    "FI_PERSONAL_IDENTITY_CODE": "fi_hetu",
    "IBAN_CODE": "iban",
    "IN_AADHAAR": "in_aadhaar",
    "IP_ADDRESS": "ip_address",
    "IT_FISCAL_CODE": "it_fiscal_code",
    "SG_NRIC_FIN": "sg_nric",
    "TR_NATIONAL_ID": "tr_national_id",
    "UK_NHS": "uk_nhs",
    "UK_NINO": "uk_nino",
    "US_ITIN": "us_itin",
    "US_SSN": "us_ssn",
    "ZA_ID_NUMBER": "za_id",
    "PH_MOBILE_NUMBER": "phone",
    "TR_PHONE_NUMBER": "phone",
}
"""What Presidio's entities are called here; those that are not in this list have no rule."""


def scored() -> Score:
    """Each case asked of the rule that its entity has here."""
    made = Score()
    for rule, line in _cases():
        one = score([line], [rule], whole=False)
        made.hits += one.hits
        made.misses += one.misses
        made.wrong += one.wrong
        made.examples += one.examples
    return made


def _cases() -> Iterator[tuple[str, Line]]:
    """Those whose entity has a rule, but for those that say how many are to be found and not where."""
    for case in orjson.loads(CASES.read_bytes()):
        entities, told = case.get("entities") or [], case["case"]
        text = told.get("text") or told.get("iban")
        if len(entities) != 1 or entities[0] not in RULES or text is None:
            continue
        places: list[Any] = next((told[key] for key in PLACES if told.get(key)), [])
        if places and isinstance(places[0], int):
            places = [places]
        if not told.get("expected_len"):
            places = []
        elif not places:
            continue
        rule = RULES[entities[0]]
        yield rule, Line(text, "", tuple((start, end, rule) for start, end in places))
