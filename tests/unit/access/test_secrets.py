"""Tokens and their hashes."""

from logloom.access.secrets import fingerprint, hash_of, is_hash, new_token


def test_a_token_has_256_bits_and_each_is_another() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(token) == 43 for token in tokens)


def test_how_one_is_stored() -> None:
    assert hash_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert is_hash(hash_of(new_token()))
    assert not is_hash(new_token())
    assert not is_hash(hash_of("a").upper())
    assert is_hash(hash_of("\udcff"))


def test_fingerprints_are_this_process_own() -> None:
    assert fingerprint(b"a") == fingerprint(b"a") != fingerprint(b"b")
