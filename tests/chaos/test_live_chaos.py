"""The live doors in a storm: whatever is killed, every client ends with the server's state."""

import json
import os

import pytest

from tests.chaos.storm import Size, Storm

pytestmark = pytest.mark.slow

# Another order of blows for whoever wants one.
SEED = os.environ.get("VEZE_CHAOS_SEED", "storm")
SIZE = Size(clients=100, seconds=45, pause_s=4.0, seed=SEED)
NEVER = ("gaps", "wrong_hashes", "wrong_headers", "different", "set_back", "faults")


def test_every_client_ends_with_the_servers_state(tmp_path_factory, capsys):
    report = Storm(tmp_path_factory.mktemp("storm"), SIZE).run()

    with capsys.disabled():
        print(f"\nlive chaos: {json.dumps(report)}")
    assert report["differing"] == {}
    assert report["served_wrong"] == []
    assert {name: report["books"].get(name, 0) for name in NEVER} == dict.fromkeys(NEVER, 0)
    assert sum(report["blows"].values()) >= 7
