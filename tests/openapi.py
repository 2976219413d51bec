"""Answers against the API's own description: what it says is what programs are built on."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

_FILE = Path(__file__).resolve().parents[1] / "docs" / "openapi.yaml"
_HOLE = re.compile(r"\\{\w+\\}")


@cache
def _description() -> dict[str, Any]:
    told: dict[str, Any] = yaml.load(_FILE.read_text(), Loader=yaml.CSafeLoader)
    for schema in told["components"]["schemas"].values():
        if "properties" in schema:
            # What is not described is as wrong as what is described and missing.
            schema.setdefault("additionalProperties", False)
    return told


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    # Words before holes: `teams/{id}/leagues/join` is none of `teams/{id}/leagues/{league_id}`.
    ordered = sorted(_description()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(_HOLE.sub("[^/]+", re.escape(path))), held) for path, held in ordered]


@cache
def _validator(method: str, path: str, status: int) -> Draft202012Validator:
    held = next((held for pattern, held in _paths() if pattern.fullmatch(path)), None)
    assert held is not None, f"{path} is not described"
    answer = held.get(method.lower(), {}).get("responses", {}).get(str(status))
    assert answer is not None, f"{method} {path} is not said to answer {status}"
    schema = answer["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": _description()["components"]})


def check_answer(response: Any) -> None:
    """Fail unless a good JSON answer is what the description says of its address."""
    request = response.wsgi_request
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    if not is_json or response.status_code >= 300 or "fields" in request.GET:
        return
    errors = _validator(request.method, request.path, response.status_code).iter_errors(
        json.loads(response.content)
    )
    told = [f"{error.json_path}: {error.message[:200]}" for error in errors]
    assert told == [], f"{request.method} {request.path}: {told[:5]}"
