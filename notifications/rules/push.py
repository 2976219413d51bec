"""Web Push: a message that only the browser can read (RFC 8291), and who sends it (RFC 8292).

Pure: keys, salt and time come as arguments.
"""

import base64
import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVE: Final = ec.SECP256R1()
_RECORD_BYTES: Final = 4096
# What a service has to take in one record (RFC 8030, 7.2), less header, tag and padding mark.
MOST_PLAIN_BYTES: Final = 3993
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_VAPID_LASTS_S: Final = 12 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who signs: the application server's key and how to reach whoever runs it."""

    key: ec.EllipticCurvePrivateKey
    contact: str

    @property
    def public_key(self) -> str:
        """Return what browsers subscribe with, in base64url."""
        return encode(_point(self.key.public_key()))


def encode(raw: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url, padded or not. Raises ValueError."""
    kept = text.rstrip("=")
    return base64.b64decode(kept + "=" * (-len(kept) % 4), altchars=b"-_", validate=True)


def signing_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the key of 32 bytes of randomness."""
    number = int.from_bytes(seed, "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, _CURVE)


def check_keys(p256dh: str, auth: str) -> None:
    """Refuse what no browser sent. Raises ValueError."""
    if len(decode(auth)) != 16:
        raise ValueError("auth: must be 16 bytes in base64url")
    ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decode(p256dh))


def encrypted(
    plain: bytes,
    *,
    p256dh: str,
    auth: str,
    salt: bytes | None = None,
    own_key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Return the body of a push message in the coding aes128gcm, one record.

    Salt and key are made for each message; tests give those of the RFC. Raises ValueError for a
    key that is none and for what does not fit.
    """
    if len(plain) > MOST_PLAIN_BYTES:
        raise ValueError(f"{len(plain)} bytes are more than {MOST_PLAIN_BYTES}")
    salt = salt or os.urandom(16)
    own_key = own_key or ec.generate_private_key(_CURVE)
    receiver = decode(p256dh)
    public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, receiver)
    own = _point(own_key.public_key())
    secret = _derived(
        own_key.exchange(ec.ECDH(), public),
        salt=decode(auth),
        info=b"WebPush: info\x00" + receiver + own,
        length=32,
    )
    key = _derived(secret, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derived(secret, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    # 2 marks the last record.
    sealed = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    return salt + _RECORD_BYTES.to_bytes(4, "big") + bytes([len(own)]) + own + sealed


def authorization(sender: Sender, endpoint: str, *, at_s: int) -> str:
    """Return the Authorization header by which a push service knows the sender."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": at_s + _VAPID_LASTS_S,
        "sub": sender.contact,
    }
    token = jwt.encode(claims, sender.key, algorithm="ES256")
    return f"vapid t={token}, k={sender.public_key}"


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
