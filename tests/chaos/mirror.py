"""What one client knows of one topic by the rules of the live protocol, and what it is worth.

A mirror changes its own state by the events it is told, never asks what the result is, and can
tell the hash that the server must have. It knows the sport `generic` alone: scores, and scores
taken back.
"""

import hashlib
from collections import Counter

import orjson

_SIDES = {"score.home": "home", "score.away": "away"}


class Mirror:
    """One topic of one client. `books` counts what happened, for all mirrors of a fleet."""

    __slots__ = ("_players", "books", "epoch", "is_asked", "seq", "state", "topic")

    def __init__(self, topic, books):
        self.topic = topic
        self.books = books
        self.epoch = ""
        self.seq = 0
        self.state = None
        self.is_asked = False
        self._players = {}

    @property
    def resume(self):
        return {"epoch": self.epoch, "after": self.seq} if self.epoch else None

    def take(self, message):
        """Take a snapshot, a replay or a frame; return the frames applied, None to ask again."""
        kind = message["type"]
        if kind == "snapshot":
            self.is_asked = False
            self._replace(message)
            return []
        if kind == "replay":
            self.is_asked = False
            self.books["replays"] += 1
            return self._follow(message["frames"])
        if self.is_asked:
            self.books["unasked"] += 1
            return []
        return self._follow([message])

    def _follow(self, frames):
        applied = []
        for frame in frames:
            epoch, seq = frame["epoch"], frame["seq"]
            if self.epoch == epoch and seq <= self.seq:
                self.books["duplicates_delivered"] += 1
                continue
            # A topic with an empty epoch had never been published.
            if seq != self.seq + 1 or (self.epoch and self.epoch != epoch):
                self.books["gaps" if epoch == self.epoch else "epochs"] += 1
                return None
            self.epoch, self.seq = epoch, seq
            self._apply(frame)
            applied.append(frame)
        self.books["applied"] += len(applied)
        return applied

    def is_behind(self, head):
        """Whether the topic's head, as a ping tells it, is not what this mirror has."""
        return head["epoch"] != self.epoch or head["seq"] > self.seq

    def hash(self):
        """Return the SHA-256 of the state, None where nobody holds one."""
        return None if self.state is None else _hash(self.state)

    def _replace(self, message):
        self.books["snapshots"] += 1
        epoch, seq, state = message["epoch"], message["seq"], message["state"]
        if state is not None and _hash(state) != message["state_hash"]:
            self.books["wrong_hashes"] += 1
        if epoch == self.epoch and seq < self.seq:
            self.books["set_back"] += 1
        if (epoch, seq) == (self.epoch, self.seq) and self.state is not None:
            self.books["compared"] += 1
            self.books["different"] += self.hash() != message["state_hash"]
        self.adopt(epoch, seq, state)

    def adopt(self, epoch, seq, state):
        """Begin anew with a state."""
        self.epoch, self.seq = epoch, seq
        # Messages are shared by all clients that got the same bytes.
        self.state = orjson.loads(orjson.dumps(state))
        self._players = {}
        if state and "home" in state:
            people = [*self.state["home"]["players"], *self.state["away"]["players"]]
            self._players = {player["id"]: player["stats"] for player in people}

    def _apply(self, frame):
        if "k" in frame:
            self._patch(frame["k"])
        elif "event" in frame["data"]:
            self.tell(frame["data"]["event"])
            if "match" in frame["data"]:
                self._check(frame["data"]["match"])

    def _patch(self, parts):
        for name, html in parts.items():
            if html is None:
                self.state["k"].pop(name, None)
            else:
                self.state["k"][name] = html

    def tell(self, event):
        """Change the state of a match by one event."""
        state, kind = self.state, event["type"]
        if side := _SIDES.get(kind):
            points = event["value"]["points"] * (-1 if event["op"] == "retract" else 1)
            state["score"][side] += points
            state["score"]["periods"][0][side] += points
            state[side]["totals"]["points"] += points
            self._players[event["player_id"]]["scored"] += points
            state["match"]["clock_ms"] = max(state["match"]["clock_ms"], event["clock_ms"])
        elif kind == "match_end":
            state["match"]["status"] = "finished"
        state["folded_seq"] = event["seq"]

    def _check(self, header):
        """Compare with what the frame says of the match, where it is of the same moment."""
        if header["folded_seq"] == self.seq:
            score = self.state["score"]
            is_same = header["score"] == {"home": score["home"], "away": score["away"]}
            self.books["wrong_headers"] += not is_same


def _hash(state):
    return hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()


def new_books():
    """Return counts of everything that may happen, so that a report names what did not."""
    names = (
        "applied", "replays", "snapshots", "duplicates_delivered", "gaps", "epochs", "set_back",
        "wrong_hashes", "wrong_headers", "compared", "different", "unasked",
    )  # fmt: skip
    return Counter(dict.fromkeys(names, 0))
