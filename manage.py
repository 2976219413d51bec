#!/usr/bin/env python
"""Entry point of all operator commands."""

import os
import sys


def main() -> None:
    """Start the embedded servers when none are configured, then run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.bootstrap import start_servers_for

    start_servers_for(sys.argv[1:2])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
