"""Prepares a test process before Django's settings are read: servers, its own Redis database."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

os.environ.setdefault("VEZE_ENV", "test")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
# 0 belongs to whoever runs the product from this checkout.
os.environ.setdefault("VEZE_REDIS_DB", str(1 + int(_worker)))

from config.bootstrap import start_servers  # noqa: E402 - reads the environment above

start_servers()
