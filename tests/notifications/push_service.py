"""A push service on this machine, and a browser that reads what it was sent."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.rules.push import decode, encode


class Browser:
    """Keys of one subscription, and what came for it."""

    def __init__(self, service, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"sixteen bytes ok"
        self.path = f"/push/{name}"
        self.endpoint = service.url + self.path
        self.service = service

    @property
    def point(self):
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self):
        return {"p256dh": encode(self.point), "auth": encode(self.auth)}

    @property
    def messages(self):
        return [self.read(body) for path, _, body in self.service.taken if path == self.path]

    @property
    def titles(self):
        return [message["title"] for message in self.messages]

    def read(self, body):
        """Decrypt as RFC 8291 has it, by other code than that of the sender."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), public)
        info = b"WebPush: info\x00" + self.point + sender
        secret = _hkdf(self.auth, shared, info, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\x00", 12)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain.endswith(b"\x02")
        return orjson.loads(plain[:-1])


def _hkdf(salt, secret, info, length):
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


class PushService:
    """Takes messages as a push service does. `answers` by path are given once each, then 201."""

    def __init__(self):
        self.taken, self.refused, self.answers = [], [], {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = next(iter(service.answers.get(self.path, [])), (201, {}))
                if service.answers.get(self.path):
                    service.answers[self.path].pop(0)
                told = service.taken if status < 300 else service.refused
                told.append((self.path, dict(self.headers), body))
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def claims(self, headers):
        """Check who sent a message by RFC 8292 and return what he says."""
        token, key = headers["Authorization"].removeprefix("vapid t=").split(", k=")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(key))
        # The clock of a test is not that of the library.
        return jwt.decode(
            token, public, ["ES256"], audience=self.url, options={"verify_exp": False}
        )

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def push_service():
    service = PushService()
    try:
        yield service
    finally:
        service.close()
