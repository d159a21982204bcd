"""What a user would configure for each kind of source: keyed by the program, as the manifests and configs name it.

Only what cannot be seen in the lines stands here: the zone of zone-less stamps, or a format that the user wrote.
Everything else is left to detection. `WANTED` says which formats detection may name for a program.
"""

from typing import Any

from tests.conformance.records import Reading, known_formats

# filebeat's expectations were recorded with this zone; lines with a zone of their own are not moved by it.
FILEBEAT_ZONE_MINUTES = -120
FILEBEAT = Reading(options={"timezone": "-02:00"})

# The options that every format takes.
COMMON = frozenset({"timezone", "multiline"})

READINGS: dict[str, Reading] = {}

# The names that detection may give to each program's lines; a program that is not here is not scored.
WANTED: dict[str, tuple[str, ...]] = {}


def usable(reading: Reading) -> Reading:
    """The reading as this build can do it: a format that it lacks is detected, an option that it lacks left out."""
    known = known_formats()
    format = reading.format if reading.format in known else "auto"
    takes = known[format] | COMMON
    options: dict[str, Any] = {name: value for name, value in reading.options.items() if name in takes}
    return Reading(format, options)


def reading_for(program: str, default: Reading) -> Reading:
    """How lines of a program are read."""
    own = READINGS.get(program)
    return Reading(own.format, {**default.options, **own.options}) if own else default


# What a user sets for lines that belong together, by the name of the built-in parser that the case is of.
MULTILINE: dict[str, Reading] = {
    "elastic": Reading(options={"multiline": {"continue": r"^\s+at "}}),
    "endswith": Reading("text", {"multiline": {"end": r"[^\\]$"}}),
    "issue_3817_1": Reading(options={"multiline": {"continue": r"^\d+ cont "}}),
}
