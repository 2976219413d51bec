"""The form "score_flow": leads, ties and runs of a match."""

import pytest

from leagues.packs.engine import FoldEvent, MatchFold
from leagues.packs.flow import Flow, flow_of
from leagues.packs.loader import load_pack
from leagues.packs.schema import PackError
from tests.factories.packs import LANTERN, LANTERN_ID, write_lanternball

COLUMN = '\n[[columns]]\nid = "lead"\nform = "score_flow"\ncounts = "biggest_lead"\n'


def test_flow_of_no_score_is_nothing():
    assert flow_of([]) == Flow()


def test_lead_changes_when_the_other_side_takes_it_also_over_a_tie():
    flow = flow_of([(2, 0), (2, 2), (2, 3), (4, 3), (4, 4), (6, 4)])
    assert (flow.lead_changes, flow.ties) == (2, 2)


def test_runs_end_when_the_other_side_scores():
    flow = flow_of([(2, 0), (4, 0), (4, 3), (4, 5), (4, 7), (5, 7)])
    assert flow.biggest_run == (4, 7)
    assert flow.biggest_lead == (4, 3)


def test_score_that_stays_ends_no_run():
    assert flow_of([(1, 0), (1, 0), (2, 0)]).biggest_run == (2, 0)


def _lanternball(folder, column=COLUMN):
    text = LANTERN.split("[[vectors]]", maxsplit=1)[0] + column
    return load_pack(LANTERN_ID, path=write_lanternball(folder, text))


def test_each_team_has_its_own_lead(tmp_path):
    match = MatchFold(_lanternball(tmp_path))
    for lineage, team in enumerate(("home", "home", "away")):
        match.apply(
            FoldEvent(lineage=lineage, type="light", period="DUSK", clock_ms=lineage, team=team)
        )
    folded = match.result()
    assert folded.score[0] > folded.score[1] > 0
    assert folded.home.totals["lead"] == folded.score[0]
    assert folded.away.totals["lead"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"biggest_lead"', '"biggest_leed"'), "did you mean 'biggest_lead'"),
        (("id =", 'scope = ["player"]\nid ='), "belongs to a team"),
    ],
)
def test_score_flow_that_makes_no_sense_is_refused(tmp_path, change, message):
    with pytest.raises(PackError, match=message):
        _lanternball(tmp_path, COLUMN.replace(*change))
