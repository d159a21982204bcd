"""What a policy refuses, with both places, and what it lets pass."""

import pytest

from logloom import config
from logloom.config.policy import DataClass, PolicyConfig
from logloom.errors import InvalidConfigError
from tests.unit.components import installed

HEAD = """\
receivers: {tin: {}, tin/b: {}}
exporters: {tout: {endpoint: "a:1"}, tout/siem: {endpoint: "a:1"}, file/kept: {rotation: {max_days: 90}}}
connectors: {forward: }
processors:
  redaction: {rules: [email, phone]}
  redaction/drop: {rules: [jwt], action: drop}
  redaction/keys: {blocked_key_patterns: ['^user[.]']}
  redaction/all: {rules: all}
  filter: {drop: ['severity < INFO']}
  batch:
"""


def problems(policy: str, pipelines: str) -> list[str]:
    zones = "{house: [tout, 'file/*']}"
    text = f"{HEAD}policy:\n  classes: {policy}\n  zones: {zones}\nservice: {{pipelines: {pipelines}}}\n"
    with installed():
        try:
            config.loads(text)
        except InvalidConfigError as error:
            return str(error).splitlines()
    return []


PERSONAL = "{personal: {rules: [email, phone], log: plain, to: [house]}}"


def test_what_goes_outside_as_it_is_is_refused_with_both_places() -> None:
    [told] = problems(PERSONAL, "{logs: {receivers: [tin], exporters: [tout, tout/siem]}}")
    assert told == (
        "config:14: service.pipelines.logs.exporters[1]: personal data would go to 'tout/siem' (zone outside)"
        " unredacted:"
        " rules email, phone; as it is it may go to house; put redaction with these rules before it"
        " (policy.classes.personal, line 12)"
    )


@pytest.mark.parametrize(
    "pipelines",
    [
        "{logs: {receivers: [tin], exporters: [tout]}}",
        "{logs: {receivers: [tin], processors: [redaction], exporters: [tout/siem]}}",
        (
            "{logs: {receivers: [tin], processors: [redaction], exporters: [forward]},"
            " logs/b: {receivers: [forward], exporters: [tout/siem]}}"
        ),
        (
            "{logs: {receivers: [tin], exporters: [forward]},"
            " logs/b: {receivers: [forward], processors: [filter, redaction/all], exporters: [tout/siem]}}"
        ),
    ],
)
def test_what_is_redacted_on_all_its_ways_may_go(pipelines: str) -> None:
    assert problems(PERSONAL, pipelines) == []


def test_one_way_around_redaction_is_enough_to_be_refused() -> None:
    ways = (
        "{logs: {receivers: [tin], processors: [redaction], exporters: [forward]},"
        " logs/bare: {receivers: [tin/b], exporters: [forward]},"
        " logs/out: {receivers: [forward], exporters: [tout/siem]}}"
    )
    [told] = problems(PERSONAL, ways)
    assert "service.pipelines.logs/out.exporters[0]: personal data would go to 'tout/siem'" in told


def test_the_default_pipeline_and_the_dead_letters_count() -> None:
    fine = "logs: {receivers: [tin], processors: [redaction], exporters: [tout/siem]}"
    both = (
        f"{{{fine}, logs/rest: {{receivers: [forward], exporters: [tout/siem]}},"
        " logs/a: {receivers: [tin], processors: [redaction], exporters: [forward, tout]}}"
    )
    assert problems(PERSONAL, both) == []
    assert "'tout/siem'" in problems(PERSONAL, f"{both}, default_pipeline: logs/rest")[0]
    letters = (
        f"{{{fine}, logs/plain: {{receivers: [tin], exporters: [tout]}},"
        " logs/dead: {exporters: [tout/siem]}}, dead_letter_pipeline: logs/dead"
    )
    assert "service.pipelines.logs/dead.exporters[0]" in problems(PERSONAL, letters)[0]


def test_what_is_never_logged_must_be_dropped() -> None:
    never = "{secret: {rules: [jwt], log: never}}"
    [told] = problems(never, "{logs: {receivers: [tin], processors: [redaction/all], exporters: [tout]}}")
    assert "secret data is never logged, and would go to 'tout' not dropped: rule jwt; let redaction find" in told
    assert problems(never, "{logs: {receivers: [tin], processors: [redaction/drop], exporters: [tout]}}") == []


def test_attributes_are_known_by_their_keys() -> None:
    users = "{users: {keys: ['user.*', user.email]}}"
    [told] = problems(users, "{logs: {receivers: [tin], processors: [redaction/all], exporters: [tout]}}")
    assert "unredacted: attributes user.*, user.email" in told
    assert problems(users, "{logs: {receivers: [tin], processors: [redaction/keys], exporters: [tout]}}") == []


def test_what_is_kept_too_long_is_refused() -> None:
    kept = "{personal: {rules: [email], log: plain, to: [house], keep: 30d}}"
    [told] = problems(kept, "{logs: {receivers: [tin], exporters: [file/kept]}}")
    assert "personal data is kept 30 days, and 'file/kept' keeps it 90 days: set rotation.max_days" in told
    assert problems(kept.replace("30d", "90d"), "{logs: {receivers: [tin], exporters: [file/kept]}}") == []


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ("{a: {}}", "policy.classes.a: how is it found? give 'rules' of redaction, or 'keys'"),
        ("{a: {rules: [emial]}}", "policy.classes.a.rules[0]: no rule 'emial' of redaction"),
        ("{a: {rules: [email], log: plain, to: [moon]}}", "policy.classes.a.to[0]: no zone 'moon': house, outside"),
        ("{a: {rules: [email], to: [house]}}", "policy.classes.a.to: it is logged 'redacted' everywhere"),
    ],
)
def test_a_policy_that_makes_no_sense(classes: str, told: str) -> None:
    assert told in "\n".join(problems(classes, "{logs: {receivers: [tin], exporters: [tout]}}"))


def test_the_hash_is_of_what_it_says_and_not_of_how_it_is_typed() -> None:
    def hash_of(classes: str) -> str:
        pipelines = "{logs: {receivers: [tin], processors: [redaction/all], exporters: [tout]}}"
        roles = '{x: [root], y: ["1000"]}'
        text = f"{HEAD}policy: {{classes: {classes}, roles: {roles}}}\nservice: {{pipelines: {pipelines}}}\n"
        with installed():
            policy = config.loads(text).policy
        assert policy is not None
        return policy.sha256

    one = hash_of("{a: {rules: [email], readers: [x]}, b: {rules: [jwt]}}")
    assert len(one) == 64
    assert one == hash_of("{b: {log: redacted, rules: [jwt]}, a: {readers: [x], rules: [email]}}")
    assert one != hash_of("{a: {rules: [email], readers: [y]}, b: {rules: [jwt]}}")


def test_a_processor_that_could_bring_back_what_was_masked_is_noted() -> None:
    text = f"""{HEAD}  transform: {{source: '.attributes.x = .attributes.y'}}
service:
  pipelines:
    logs: {{receivers: [tin], processors: [redaction, filter, batch], exporters: [forward]}}
    logs/b: {{receivers: [forward], processors: [transform], exporters: [tout]}}
    logs/c: {{receivers: [forward], processors: [transform, redaction], exporters: [tout]}}
    logs/d: {{receivers: [tin], processors: [transform], exporters: [tout]}}
"""
    with installed():
        told = [(note.path, note.what) for note in config.loads(text).notes if "redaction last" in note.what]
    assert [path for path, _ in told] == ["service.pipelines.logs/b.processors[0]"]
    assert told[0][1].startswith("'transform' comes behind 'redaction' and could write again what that masked")


def test_roles_name_somebody_and_readers_have_one() -> None:
    told = "\n".join(
        problems("{a: {rules: [email], readers: [support, nobody]}}", "{logs: {receivers: [tin], exporters: [tout]}}")
    )
    assert "no role 'support'" in told
    assert "there are none: give policy.roles" in told
    policy = PolicyConfig({"a": DataClass(rules=["email"], readers=["x"])}, roles={"x": [], "y": ["group:"]})
    assert [place for place, _ in policy.problems()] == ["roles.x", "roles.y"]


def test_only_readers_may_read_what_is_there_as_it_came() -> None:
    classes = {
        "mail": DataClass(rules=["email"], log="plain", to=["outside"], readers=["support", "security"]),
        "open": DataClass(rules=["jwt"]),
    }
    policy = PolicyConfig(classes, roles={"support": ["alice", "7"], "security": ["group:sec"]})
    assert list(policy.problems()) == []
    for names in ({"alice", "1000"}, {"bob", "7"}, {"eve", "group:sec"}):
        assert policy.refused(names) is None
    why = policy.refused({"bob", "1000", "group:users"})
    assert why is not None
    assert "the role support or security" in why
    assert "policy.classes.mail.readers" in why
    assert policy.refused({"bob"}, frozenset({"jwt"})) is None, "masked before"
    assert policy.refused({"bob"}, frozenset({"email"})) is not None
