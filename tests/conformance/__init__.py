"""What other projects say about real logs, held against what logloom makes of them.

`python -m tests.conformance` (or `make conformance`) runs every source of a folder of corpora through the core and
compares each record with the expectation published beside it. A folder of corpora has a `manifest.json` (an entry a
file, with its category and the kind of its expectation), an `oracle/` (how the others' names map to OpenTelemetry's)
and the sources.
"""
