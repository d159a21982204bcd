"""Peers of the second tier: programs that `.ci/peers` lists. `python -m tests.peers` provides them and drives each."""
