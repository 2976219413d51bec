"""An invented sport: proof that a sport is data. Tests write it into a folder of their own."""

from pathlib import Path

LANTERN_ID = "lanternball"

LANTERN = """
schema = 1
id = "lanternball"
name = "Lanternball"
version = "1.0.0"

[clock]
direction = "up"
cumulative = true

[[periods]]
id = "DUSK"
label = "Dusk"
short = "D"
length_ms = 1200000

[[periods]]
id = "NIGHT"
label = "Night"
short = "N"
length_ms = 1200000
offset_ms = 1200000

[[periods]]
id = "DAWN"
label = "Dawn"
short = "Dn"
kind = "overtime"
length_ms = 600000
offset_ms = 2400000
sudden_death = true

[[periods]]
id = "FLAMES"
label = "Flames"
short = "F"
kind = "shootout"

[[positions]]
id = "KEEPER"
label = "Keeper"

[[positions]]
id = "RUNNER"
label = "Runner"

[score]
label = "Lights"

[presence]
starts = "team_sheet"

[groups]
lights = "Lights"

[events.light]
label = "Light"
icon = "score"
key = true
group = "lights"
sentence = "{player} lights one for {team} at {clock}."
sentence_related = "{player} lights one for {team}, handed on by {related}."
payload = { worth = "int", bright = "bool", glow = "number" }
  [[events.light.counts]]
  when = { "$period_kind" = ["regular", "overtime"] }
  player = { lights = "payload.worth or 1", tries = 1, glow = "payload.glow" }
  related = { hands = 1 }
  opposing = { lights_against = "payload.worth or 1" }
  score = { acting = "payload.worth or 1" }
  [[events.light.counts]]
  when = { bright = true }
  player = { bright = 1 }
  [[events.light.counts]]
  when = { "$period_kind" = "shootout" }
  score = { acting = 1 }
  bucket = "shootout"

[events.dim]
label = "Dimmed"
sentence = "{player} dims his own light."
  [[events.dim.counts]]
  player = { dims = 1 }
  score = { opposing = 1 }

[events.try]
label = "Try"
hidden = true
payload = { range_m = "int" }
  [[events.try.counts]]
  player = { tries = 1 }
  [[events.try.counts]]
  when = { range_m = { min = 20 } }
  player = { far_tries = 1 }

[events.swap]
label = "Swap"
sentence_related = "{related} comes on for {player}."
presence = { player = "out", related = "in" }

[events.banish]
label = "Banished"
presence = { player = "sent_off" }
  [[events.banish.counts]]
  player = { banished = 1 }

[events.gust]
label = "Gust"
  [[events.gust.counts]]
  team = { gusts = 1 }

[[column_groups]]
id = "main"
label = "Main"

[[columns]]
id = "minutes"
label = "Minutes"
short = "Min"
group = "main"
scope = ["player"]
form = "presence_minutes"
at_least = 1
format = "minutes"

[[columns]]
id = "lights"
label = "Lights"
short = "L"
group = "main"

[[columns]]
id = "bright"
label = "Bright lights"
short = "B"

[[columns]]
id = "hands"
label = "Hands"
short = "H"

[[columns]]
id = "tries"
label = "Tries"
short = "T"

[[columns]]
id = "far_tries"
label = "Far tries"
short = "FT"

[[columns]]
id = "glow"
label = "Glow"
short = "Gl"
format = "decimal2"

[[columns]]
id = "dims"
label = "Dims"
short = "Di"

[[columns]]
id = "banished"
label = "Banished"
short = "X"

[[columns]]
id = "gusts"
label = "Gusts"
short = "Gu"
scope = ["team"]

[[columns]]
id = "lights_against"
label = "Lights against"
short = "LA"
scope = ["team"]
team = "own"

[[columns]]
id = "against_while_on"
label = "Lights against while on"
short = "AW"
scope = ["player"]
form = "while_present"
counts = "opposing_score"
after_out = "keeps"

[[columns]]
id = "balance"
label = "Balance"
short = "+/-"
scope = ["player"]
form = "while_present"
counts = "score_margin"
format = "signed"

[[columns]]
id = "rate"
label = "Lights per 100 tries"
short = "%"
form = "ratio"
num = "lights"
den = "tries"
scale = 100
decimals = 1

[[columns]]
id = "worth"
label = "Worth"
short = "W"
form = "sum"
of = { lights = 3, hands = 2, dims = -1 }

[[columns]]
id = "dark"
label = "Kept dark"
short = "KD"
scope = ["player"]
form = "flag"
all = [{ column = "minutes", min = 20 }, { column = "against_while_on", max = 0 }]

[[columns]]
id = "kinds"
label = "Kinds of two or more"
short = "K2"
form = "category_count"
of = ["lights", "hands", "tries"]
min = 2

[[columns]]
id = "started"
label = "Started"
short = "S"
form = "started"

[[columns]]
id = "result"
label = "Result"
short = "R"
form = "score"

[table]
points = { win = 4, overtime_win = 3, overtime_loss = 1, loss = 0 }
tiebreak = ["points", "h2h_points", "goal_diff"]
draws = false

[[zones]]
from = 1
to = 1
label = "Champion"
kind = "champion"

[simulation]
lineup = { KEEPER = 1, RUNNER = 4 }
bench = { RUNNER = 2 }
stoppage_ms = [0, 60000]

  [[simulation.events]]
  type = "light"
  per_team = 3
  positions = { RUNNER = 1 }
  related = 0.5
  payload = { worth = [1, 2], bright = [true, false] }

[[vectors]]
name = "a light is worth what it says"
home = ["h1", "h2"]
away = ["a1", "a2"]
expect.score = [2, 0]
expect.home.players.h1 = { lights = 2, rate = 200.0 }
expect.home.players.h2 = { hands = 1 }
expect.away.players.a1 = { against_while_on = 2, balance = -2 }

  [[vectors.events]]
  type = "light"
  period = "DUSK"
  clock_ms = 60000
  team = "home"
  player = "h1"
  related = "h2"
  payload = { worth = 2 }
"""


def write_lanternball(folder: Path, text: str = LANTERN) -> Path:
    """Write the invented sport into `folder` as packs lie there; return `folder`."""
    home = folder / LANTERN_ID
    home.mkdir(parents=True, exist_ok=True)
    (home / "sport.toml").write_text(text, encoding="utf-8")
    return folder
