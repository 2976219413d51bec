"""The live pipeline in a storm, at full size; `tests/chaos/storm.py` tells what is done to it.

    python -m tests.bench.bench_chaos [--clients 1000] [--seconds 600] [--rate 50] [--seed storm]

The last line is one JSON object; the exit status is 1 where a client ended with another state than
the server's, saw a gap, or was told a state that its hash does not fit.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import django

from tests.chaos.storm import Size, Storm, faults_of


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_chaos")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rate", type=int, default=50, help="events a second")
    parser.add_argument("--webs", type=int, default=3, help="web processes")
    parser.add_argument("--pause", type=float, default=8.0, help="seconds between two blows")
    parser.add_argument("--seed", default="storm", help="names the order of blows")
    chosen = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    size = Size(
        clients=chosen.clients,
        seconds=chosen.seconds,
        rate_per_s=chosen.rate,
        webs=chosen.webs,
        pause_s=chosen.pause,
        seed=chosen.seed,
    )
    folder = Path(tempfile.mkdtemp(prefix="veze-storm-"))
    try:
        report = Storm(folder, size).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report))
    sys.exit(1 if faults_of(report) else 0)


if __name__ == "__main__":
    main()
