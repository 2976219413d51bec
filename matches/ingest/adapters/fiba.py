"""FIBA's two feeds: the coded actions of its events of 2015, and LiveStats."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from matches.ingest.adapters._basketball import SPORT, refuse_twins
from matches.ingest.adapters._fiba_events import Game, events_game
from matches.ingest.adapters._fiba_livestats import livestats_game
from matches.ingest.documents import FeedDocument, FeedError
from matches.ingest.reading import Node, parse_json

SOURCE = "fiba"

_FILE = re.compile(r"^(.*?)(?:\.(?:pbp|box))?\.json(?:\.gz)?$")


class FibaAdapter:
    """Reads both formats; a document says itself which one it is."""

    name = SOURCE

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """`X.pbp.json` and `X.box.json` are one game; any other JSON file is one by itself."""
        games: dict[str, list[str]] = defaultdict(list)
        for name in sorted(names):
            found = _FILE.match(name)
            if found is not None:
                games[found[1]].append(name)
        yield from games.items()

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the game of the files. Raises FeedError naming file and path."""
        tops = [Node(parse_json(body, name), name) for name, body in files.items()]
        game = _game(tops, " + ".join(files))
        refuse_twins([game.match], " + ".join(files))
        return FeedDocument(
            source=SOURCE,
            sport=SPORT,
            league=game.league,
            season=game.season,
            teams=game.teams,
            players=game.players,
            matches=[game.match],
        )


def _game(tops: Sequence[Node], files: str) -> Game:
    box = next((top for top in tops if _is(top, "content")), None)
    log = next((top for top in tops if isinstance(top.value, list)), None)
    live = next((top for top in tops if _is(top, "tm")), None)
    if live is not None:
        return livestats_game(live)
    if box is not None:
        return events_game(box, log)
    wanted = "its boxscore, which says who played" if log is not None else "a known format"
    raise FeedError(f"{files}: the document needs {wanted}")


def _is(top: Node, key: str) -> bool:
    return isinstance(top.value, dict) and key in top.value


ADAPTER = FibaAdapter()
