"""Receipts and the tree over line-ups, against the definition and by properties."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.receipts import (
    LineupFacts,
    canonical,
    is_signed,
    leaf_of,
    merkle_crown,
    merkle_path,
    merkle_root,
    node_of,
    public_key,
    root_by,
    sign,
)

SEED = bytes(range(32))
FACTS = LineupFacts(
    game="vz_game_1",
    round=7,
    entry="vz_entry_1",
    numbers=(17, 204, 3),
    captain_slot=2,
    vice_slot=None,
    chip="3xc",
)


def test_line_up_is_one_line_of_text():
    assert FACTS.line == "veze-lineup-1|vz_game_1|7|vz_entry_1|17,204,3|2||3xc"


def test_leaf_and_node_are_hashed_apart():
    assert leaf_of("a") == sha256(b"\x00a").digest()
    assert node_of(b"l", b"r") == sha256(b"\x01lr").digest()


def test_root_of_three_leaves_lifts_the_last():
    one, two, three = (leaf_of(text) for text in "abc")

    assert merkle_root([one, two, three]) == node_of(node_of(one, two), three)


def test_root_of_one_leaf_is_the_leaf_and_of_none_the_hash_of_nothing():
    assert merkle_root([leaf_of("a")]) == leaf_of("a")
    assert merkle_root([]) == sha256(b"").digest()


@given(st.integers(1, 70), st.data())
def test_path_of_every_leaf_leads_to_the_root(count, data):
    leaves = [leaf_of(str(number)) for number in range(count)]
    place = data.draw(st.integers(0, count - 1))

    path = merkle_path(leaves, place)

    assert root_by(leaves[place], path) == merkle_root(leaves)
    assert root_by(leaf_of("another"), path) != merkle_root(leaves)


@given(st.integers(1, 70), st.sampled_from([1, 2, 4, 16, 128]), st.data())
def test_path_within_a_block_and_over_the_blocks_is_the_whole_path(count, size, data):
    leaves = [leaf_of(str(number)) for number in range(count)]
    place = data.draw(st.integers(0, count - 1))
    blocks = [leaves[start : start + size] for start in range(0, count, size)]

    crown = merkle_crown(blocks)
    within = merkle_path(blocks[place // size], place % size)

    assert (*within, *merkle_path(crown, place // size)) == merkle_path(leaves, place)


def test_signed_bytes_are_sorted_and_without_spaces():
    assert canonical({"b": 1, "a": "ø"}) == '{"a":"ø","b":1}'.encode()


def test_signature_holds_for_the_document_and_key_alone():
    signed = sign({"round": 7}, seed=SEED)
    key = public_key(SEED)

    assert is_signed(signed.document, signed.signature, key=key)
    assert not is_signed({"round": 8}, signed.signature, key=key)
    assert not is_signed(signed.document, signed.signature, key=public_key(bytes(32)))


@pytest.mark.parametrize(("signature", "key"), [("", ""), ("zz", "11" * 32), ("11" * 64, "1")])
def test_nonsense_is_no_signature(signature, key):
    assert not is_signed({}, signature, key=key)
