"""What the import linter cannot see: keys named by strings, sports named in code, file sizes."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
STACK = [
    ["accounts", "streams"],
    ["leagues"],
    ["matches"],
    ["stats"],
    ["mlmodels"],
    ["fantasy", "ticketing"],
    ["notifications"],
    ["config"],
]
LEVEL = {app: level for level, names in enumerate(STACK) for app in names}
SPORTS = re.compile(
    r"\b(football|soccer|basketball|(ice_)?hockey|baseball|rugby|cricket|volleyball|tennis)\b", re.I
)
# Where the words of a sport belong.
SPORT_FOLDERS = ("tests/", "matches/ingest/adapters/")
PACK_FOLDERS = {"football", "basketball", "ice_hockey", "american_football", "generic"}


def python_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_keep_the_contracts():
    linter = Path(sys.executable).with_name("lint-imports")

    checked = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout[-4000:]


def test_foreign_keys_point_down():
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in LEVEL
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model._meta.app_label in LEVEL
        and LEVEL[field.related_model._meta.app_label] > LEVEL[model._meta.app_label]
    ]

    assert upward == []


def test_no_sport_is_named_in_code():
    named = []
    for path in python_files():
        name = place(path)
        in_pack = name.startswith("leagues/packs/") and name.split("/")[2] in PACK_FOLDERS
        if name.startswith(SPORT_FOLDERS) or in_pack or "/migrations/" in name:
            continue
        named += [
            f"{name}:{number}: {line.strip()}"
            for number, line in enumerate(path.read_text().splitlines(), start=1)
            if SPORTS.search(line)
        ]

    assert named == []


def test_every_module_says_what_it_owns_and_none_is_long():
    silent, long = [], []
    for path in python_files():
        text = path.read_text()
        if not text or "/migrations/" in place(path):
            continue
        tree = ast.parse(text)
        if ast.get_docstring(tree) is None:
            silent.append(place(path))
        # A benchmark reads best in one piece.
        if place(path).startswith("tests/bench/"):
            continue
        if text.count("\n") > 600:
            long.append(place(path))
        long += [
            f"{place(path)}:{node.lineno} {node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= 60
        ]

    assert (silent, long) == ([], [])


def test_nothing_names_a_path_of_this_machine():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    private = re.compile(rb"/(work|root)/|/home/[a-z]+/")
    # The lock and binary files aside.
    texts = [ROOT / name for name in listed if not name.endswith((".lock", ".png", ".gz"))]
    named = [
        place(path)
        for path in texts
        if path.exists() and path != Path(__file__) and private.search(path.read_bytes())
    ]

    assert named == []


def test_web_process_does_not_load_the_learning_libraries():
    code = (
        "import config.wsgi, sys\n"
        "print(sorted({'sklearn', 'pulp', 'joblib', 'kloppy', 'pandas'} & set(sys.modules)))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


@pytest.mark.django_db
def test_migrations_are_up_to_the_models():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
