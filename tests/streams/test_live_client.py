"""static/js/live-socket.js against a real server that goes away and comes back."""

import json
import shutil
import subprocess

import pytest

from streams.live.frames import Frame, Snapshot
from streams.live.publish import publish
from streams.live.topics import register_snapshots
from tests.streams.live_support import ROOT, Server

pytestmark = [
    pytest.mark.usefixtures("publishing"),
    pytest.mark.skipif(shutil.which("node") is None, reason="the module is run by Node"),
]
register_snapshots("free:", None)
MODULE = ROOT / "static/js/live-socket.js"


class Page:
    def __init__(self, port, *topics):
        script = ROOT / "tests/streams/live_client.mjs"
        command = ["node", "--no-warnings", "--experimental-websocket", script, MODULE, str(port)]
        self.process = subprocess.Popen(
            [*command, *topics], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def next(self):
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.write("close\n")
        self.process.stdin.close()
        rest = [json.loads(line) for line in self.process.stdout]
        self.process.wait(10)
        self.process.stdout.close()
        return rest


def play(topic, first, last, **options):
    frames = [Frame(seq=seq, data={}) for seq in range(first, last + 1)]
    publish(topic, frames=frames, epoch="1", **options)


@pytest.mark.slow
def test_page_resumes_without_a_gap_after_a_restart(valkey, topic):
    play(topic, 1, 2, snapshot=Snapshot(epoch="1", seq=2, state="two"))
    server = Server(valkey)
    page = Page(server.port, topic, "nonsense")
    try:
        first = [page.next() for _ in range(3)]
        play(topic, 3, 3)
        live = page.next()
        server.close()
        gone = page.next()
        play(topic, 4, 6)
        server = Server(valkey, port=server.port)
        told = [page.next()]
        while told[-1] != ["frame", topic, 6]:
            told.append(page.next())
        play(topic, 9, 9, snapshot=Snapshot(epoch="1", seq=9, state="nine"))
        jump = page.next()
    finally:
        end = page.close()
        server.close()

    assert first[0] == ["status", "open"]
    assert sorted(first[1:]) == [["error", "unknown_topic"], ["snapshot", topic, "two"]]
    assert live == ["frame", topic, 3]
    assert gone == ["status", "waiting"]
    frames = [words for words in told if words[0] in {"frame", "snapshot"}]
    assert frames == [["frame", topic, seq] for seq in (4, 5, 6)]
    assert jump == ["snapshot", topic, "nine"]
    assert end[-1] == ["status", "closed"]


def test_module_is_small():
    assert len(MODULE.read_bytes()) < 4096
