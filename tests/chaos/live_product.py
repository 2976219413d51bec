"""The product with several web processes, each at a port of its own."""

import os

import psycopg

from tests.bench.contenders import free_port
from tests.chaos.product import Product, children_of, command_of, until

_RUN = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
from dataclasses import replace
from config import supervisor
from config.bootstrap import start_servers
from config.management.commands import up
webs = [replace(up.web(host="127.0.0.1", port=int(p)), name="web" + p) for p in sys.argv[1:]]
processes = [up.worker(count=3), up.beat(), *webs]
sys.exit(supervisor.run(processes, every_second=start_servers))
"""
# All clients come from one address.
_LIMITS = ("LIVE_SOCKETS_PER_ADDRESS", "API_LIVE_READS_PER_MINUTE", "API_READS_PER_MINUTE")
_POLL_EVERY_MS = 100


class LiveProduct(Product):
    """Worker, beat and web processes, all restarted by the supervisor when they are killed."""

    def __init__(self, folder, *, webs):
        super().__init__(folder, {"live": "generic"})
        self.env |= dict.fromkeys(_LIMITS, "1000000")
        self.ports = [free_port() for _ in range(webs)]
        self.program = (_RUN, *map(str, self.ports))

    def poll(self, url):
        """Let the product poll this vendor from now on."""
        with psycopg.connect(self.place.urls.database_url) as connection:
            connection.execute(
                "UPDATE matches_feed SET url = %s, next_poll_at = now(), live_interval_ms = %s",
                (url, _POLL_EVERY_MS),
            )

    def web(self, port):
        """Return the process at the port, None while there is none."""
        for child in children_of(self.driver.pid):
            words = command_of(child).split()
            if "config.server" in words and str(port) in words:
                return child
        return None

    def end_web(self, dice, number):
        """Send a signal to one of the web processes."""
        port = dice.choice(self.ports)
        os.kill(until(lambda: self.web(port), "a web process to end"), number)
