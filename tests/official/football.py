"""The official numbers of the football games in ../shared/data, by the names of our columns."""

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matches.ingest.adapters import get
from matches.ingest.documents import FeedDocument

# Our column: the statistic of Opta's F9.
OPTA = {
    "goals": "goals",
    "assists": "goal_assist",
    "shots": "total_scoring_att",
    "shots_on_target": "ontarget_scoring_att",
    "shots_off_target": "shot_off_target",
    "shots_blocked": "blocked_scoring_att",
    "key_passes": "total_att_assist",
    "dribbles_won": "won_contest",
    "offsides": "total_offside",
    "corners": "corner_taken",
    "passes": "total_pass",
    "accurate_passes": "accurate_pass",
    "crosses": "total_cross",
    "accurate_crosses": "accurate_cross",
    "through_balls": "total_through_ball",
    "throw_ins": "total_throws",
    "tackles": "total_tackle",
    "tackles_won": "won_tackle",
    "interceptions": "interception",
    "clearances": "total_clearance",
    "blocks": "outfielder_block",
    "recoveries": "ball_recovery",
    "aerials_won": "aerial_won",
    "aerials_lost": "aerial_lost",
    "errors_to_goal": "error_lead_to_goal",
    "fouls": "fouls",
    "fouls_won": "was_fouled",
    "yellow_cards": "yellow_card",
    "red_cards": "red_card",
    "saves": "saves",
    "goals_conceded": "goals_conceded",
    "penalties_saved": "penalty_save",
    "claims": "good_high_claim",
    "punches": "punches",
    "sweeps": "total_keeper_sweeper",
    "minutes_begun": "mins_played",
    "minutes": "mins_played",
}
# Team statistics that F9 names in a way of its own.
OPTA_TEAM = {
    **{ours: theirs for ours, theirs in OPTA.items() if ours not in ("fouls", "fouls_won")},
    "fouls": "fk_foul_lost",
    "fouls_won": "fk_foul_won",
    "yellow_cards": "total_yel_card",
    "red_cards": "total_red_card",
}
# Our column: the fantasy game's.
FPL = {
    "minutes": "minutes",
    "goals": "goals_scored",
    "assists": "assists",
    "own_goals": "own_goals",
    "goals_conceded": "goals_conceded",
    "clean_sheets": "clean_sheets",
    "saves": "saves",
    "penalties_saved": "penalties_saved",
    "penalties_missed": "penalties_missed",
    "yellow_cards": "yellow_cards",
    "red_cards": "red_cards",
}

Rows = dict[str, dict[str, Any]]


def documents(adapter: str, folder: Path) -> Iterator[tuple[str, FeedDocument]]:
    """Yield every bundle of a folder of shared data, read by the adapter."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    for key, files in get(adapter).bundles(names):
        yield key, get(adapter).parse({name: content(folder / name) for name in files})


def content(path: Path) -> bytes:
    """Return a file's content, un-gzipped."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def read_json(path: Path) -> Any:
    """Return a JSON document."""
    return json.loads(content(path))


def opta_rows(folder: Path) -> tuple[Rows, Rows]:
    """Return F9's statistics of players and of teams, by the vendor's ids."""
    root = read_json(folder / "918893_f9.json.gz")["OptaFeed"]["OptaDocument"][0]
    players: Rows = {}
    teams: Rows = {}
    for team in root["MatchData"]["TeamData"]:
        teams[team["@attributes"]["TeamRef"].lstrip("t")] = _stats(team)
        for player in team["PlayerLineUp"]["MatchPlayer"]:
            players[player["@attributes"]["PlayerRef"].lstrip("p")] = _stats(player)
    return players, teams


def _stats(node: Mapping[str, Any]) -> dict[str, Any]:
    return {stat["@attributes"]["Type"]: stat["@value"] for stat in node["Stat"]}


def wyscout_matches(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the official records by match."""
    return {str(match["wyId"]): match for match in read_json(folder / "matches.json.gz")}


def wyscout_players(match: Mapping[str, Any]) -> Rows:
    """Return goals, cards and starting places of a record's players."""
    rows: Rows = {}
    for team in match["teamsData"].values():
        for role in ("lineup", "bench"):
            for player in team["formation"][role]:
                goals = player["goals"]
                rows[str(player["playerId"])] = {
                    "goals": 0 if goals == "null" else int(goals),
                    "yellow_cards": int(player["yellowCards"] != "0"),
                    "red_cards": int(player["redCards"] != "0"),
                    "starts": int(role == "lineup"),
                }
    return rows


def fantasy_rows(folder: Path) -> dict[str, Rows]:
    """Return the fantasy game's rows of the Wyscout matches, by match and player."""
    rows: dict[str, Rows] = {}
    for row in csv.DictReader(io.StringIO(content(folder / "fpl_rows.csv.gz").decode())):
        numbers = {ours: int(row[theirs]) for ours, theirs in FPL.items()}
        rows.setdefault(row["wyId"], {})[row["playerId"]] = numbers
    return rows


def season_rows(folder: Path, codes: Mapping[int, str]) -> dict[str, Rows]:
    """Return a season's rows of players by fixture and player, both by their lasting codes."""
    fixtures = read_json(folder / "fixtures.json.gz")
    matches = {fixture["id"]: str(fixture["code"]) for fixture in fixtures}
    rows: dict[str, Rows] = {}
    for row in csv.DictReader(io.StringIO(content(folder / "player_gw.csv.gz").decode())):
        if row["position"] != "AM":
            numbers = {ours: int(row[theirs]) for ours, theirs in FPL.items()}
            player = codes[int(row["element"])]
            rows.setdefault(matches[int(row["fixture"])], {})[player] = numbers
    return rows
