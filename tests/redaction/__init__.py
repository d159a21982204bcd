"""How well the rules of `redaction` find what they look for: on seeded traffic, and on what others published."""
