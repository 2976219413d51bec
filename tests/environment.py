"""Prepares a test process before Django's settings are read: servers, its own Redis database."""

import os
import sys
from pathlib import Path

import hypothesis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

os.environ.setdefault("VEZE_ENV", "test")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# 0 belongs to whoever runs the product from this checkout, 1 to a run in one process. A worker
# inherits the environment of the run that started it, so it may not keep what it finds.
_worker = os.environ.get("PYTEST_XDIST_WORKER")
if _worker:
    os.environ["VEZE_REDIS_DB"] = str(2 + int(_worker.removeprefix("gw")))
else:
    os.environ.setdefault("VEZE_REDIS_DB", "1")

from config.bootstrap import start_servers  # noqa: E402 - reads the environment above

start_servers()

# How long an example takes is the machine's business: speed is measured in tests/bench.
# A change is judged by the same examples each time; whoever works on one meets new ones.
hypothesis.settings.register_profile(
    "any machine",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("any machine")
