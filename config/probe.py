"""Asks the server of this container whether it lives: `python -m config.probe PORT`."""

import os
import sys
import urllib.error
import urllib.request

_TIMEOUT_S = 3.0


def is_alive(port: int, *, host: str) -> bool:
    """Whether `/health` answers 200 under a host name the site accepts."""
    url = f"http://127.0.0.1:{port}/health"
    request = urllib.request.Request(url, headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    names = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")
    sys.exit(not is_alive(int(sys.argv[1]), host=names[0].strip().lstrip(".")))
