"""Spans in each encoding that their formats have, written by encoders that are not ours."""
