"""Push messages on the wire: the vectors of RFC 8291, and keys that are none."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from notifications.rules import push

# RFC 8291, appendix A.
_PLAIN = b"When I grow up, I want to be a watermelon"
_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
_AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
_SALT = "DGv6ra1nlYgDCS1FRnbzlw"
_SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
_SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
    "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt"
    "2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_a_message_is_sealed_as_the_rfc_has_it():
    own = ec.derive_private_key(int.from_bytes(push.decode(_SENDER), "big"), ec.SECP256R1())

    sealed = push.encrypted(
        _PLAIN, p256dh=_PUBLIC, auth=_AUTH, salt=push.decode(_SALT), own_key=own
    )

    assert push.encode(sealed) == _SEALED


def test_each_message_has_a_salt_and_a_key_of_its_own():
    sealed = {push.encrypted(_PLAIN, p256dh=_PUBLIC, auth=_AUTH) for _ in range(3)}

    assert len({body[:86] for body in sealed}) == 3


def test_what_no_service_has_to_take_is_refused():
    push.encrypted(b"x" * push.MOST_PLAIN_BYTES, p256dh=_PUBLIC, auth=_AUTH)

    with pytest.raises(ValueError, match="more than 3993"):
        push.encrypted(b"x" * (push.MOST_PLAIN_BYTES + 1), p256dh=_PUBLIC, auth=_AUTH)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", _AUTH),
        ("not base64!", _AUTH),
        (_PUBLIC[:-4], _AUTH),
        # No point of the curve.
        (_PUBLIC[:-4] + "AAAA", _AUTH),
        (_PUBLIC, "c2hvcnQ"),
    ],
)
def test_keys_that_no_browser_sent_are_refused(p256dh, auth):
    with pytest.raises(ValueError):  # noqa: PT011 - of the library, with words of its own
        push.check_keys(p256dh, auth)


def test_the_same_seed_is_the_same_sender():
    keys = {push.Sender(key=push.signing_key(b"\x01" * 32), contact="").public_key for _ in "ab"}

    assert len(keys) == 1
    assert len(push.decode(keys.pop())) == 65
