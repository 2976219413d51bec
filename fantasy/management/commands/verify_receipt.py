"""Check a receipt that a manager kept: signature, record, and the published root."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fantasy.services.receipts import public_keys, verify_receipt


class Command(BaseCommand):
    help = "Check a receipt: a file, or - for standard input, as the API hands it out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help='{"document": {...}, "signature": "..."}')

    def handle(self, *_: Any, **options: Any) -> None:
        document, signature = _read(options["file"])
        verdict = verify_receipt(document, signature)
        self.stdout.write(verdict.message)
        if verdict.root:
            self.stdout.write(f"Published root: {verdict.root}")
        self.stdout.write(f"Public keys: {', '.join(public_keys())}")
        is_broken = verdict.is_newest and verdict.lineup_counts is False
        if not verdict.is_known or is_broken:
            raise CommandError("This receipt is not honoured.")


def _read(place: str) -> tuple[dict[str, Any], str]:
    try:
        text = sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8")
        told = json.loads(text)
        return dict(told["document"]), str(told["signature"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{place}: not a receipt of the form asked for ({error})") from error
