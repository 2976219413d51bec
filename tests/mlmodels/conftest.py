"""Models of tests lie in a folder of their own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def models_dir(settings, tmp_path: Path) -> Path:
    settings.MODELS_DIR = str(tmp_path / "models")
    return tmp_path / "models"
