"""What becomes of each field that a protocol has, as tables that tests hold.

A table is `NAME.yaml` beside this file: rows of a field, what is sent in it, where it must be found in the record.
`tools/fidelity.py` makes docs/fidelity.md of them; `test_tables.py` sends the message that the rows make up to the real
receiver; `test_nothing_vanishes.py` sends fields that nobody has heard of.
"""
