"""The live doors in a storm: whatever is killed, every client ends with the server's state."""

import json
import os

import pytest

from tests.chaos.storm import Size, Storm, faults_of

pytestmark = pytest.mark.slow

# Another order of blows for whoever wants one.
SEED = os.environ.get("VEZE_CHAOS_SEED", "storm")
SIZE = Size(clients=100, seconds=60, pause_s=4.0, seed=SEED)


def test_every_client_ends_with_the_servers_state(tmp_path_factory, capsys):
    report = Storm(tmp_path_factory.mktemp("storm"), SIZE).run()

    with capsys.disabled():
        print(f"\nlive chaos: {json.dumps(report)}")
    assert faults_of(report) == {}
    assert sum(report["blows"].values()) >= 7
