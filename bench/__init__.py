"""Benches: the answer is checked first, then the time is taken. `make bench` runs them all."""
