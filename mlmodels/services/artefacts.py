"""Artefacts on disk: written under their SHA-256, loaded only while they still have it.

joblib is pickle: loading a file runs what it says. So the bytes are hashed before they are
unpickled, and only what the registry names is ever read.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from mlmodels.models import ModelVersion
from mlmodels.rules.forecasting import ModelError


def store_artefact(content: Mapping[str, Any]) -> str:
    """Write the content below MODELS_DIR; return its SHA-256. The same content is one file."""
    import joblib  # noqa: PLC0415 - web processes import services but never learn

    buffer = io.BytesIO()
    joblib.dump(dict(content), buffer, protocol=4)
    body = buffer.getvalue()
    sha256 = hashlib.sha256(body).hexdigest()
    folder = Path(settings.MODELS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    # Whoever reads meanwhile finds the whole file or none.
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(body)
    Path(name).replace(_path(sha256))
    return sha256


def load_artefact(version: ModelVersion) -> Mapping[str, Any]:
    """Return the content of a version's artefact. Raises ModelError when it is not that."""
    import joblib  # noqa: PLC0415 - as above

    path = _path(version.artefact_sha256)
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{version}: {path} cannot be read ({error.strerror}); train again, or set"
            " VEZE_MODELS_DIR to where the worker that trained it keeps its models",
            code="artefact_missing",
        ) from error
    if hashlib.sha256(body).hexdigest() != version.artefact_sha256:
        raise ModelError(
            f"{version}: {path} is not what was registered and is not loaded; train again",
            code="artefact_changed",
        )
    content: Mapping[str, Any] = joblib.load(io.BytesIO(body))
    return content


def _path(sha256: str) -> Path:
    return Path(settings.MODELS_DIR) / f"{sha256}.joblib"
