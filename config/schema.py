"""What the OpenAPI description says of every operation: the problems it may answer with."""

from typing import Any, Final

from config.problems import KINDS, MEDIA_TYPE

_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "errors",
        "request_id",
    ],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "A page about this problem.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong this time."},
        "instance": {"type": "string", "description": "The path of the request."},
        "code": {"type": "string", "enum": sorted(KINDS)},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer; /query/limit is the parameter `limit`.",
                    },
                    "parameter": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {
                        "type": "string",
                        "description": "What is wrong and the fix.",
                    },
                },
            },
        },
        "request_id": {"type": ["string", "null"]},
    },
}
_ALWAYS: Final = (
    "unauthenticated",
    "forbidden",
    "bad_request",
    "not_acceptable",
    "invalid",
    "rate_limited",
    "server_error",
    "unavailable",
)
_HEADERS: Final[dict[str, Any]] = {
    "ETag": {
        "schema": {"type": "string"},
        "description": "Strong; send it as If-None-Match.",
    },
    "Cache-Control": {"schema": {"type": "string"}},
    "RateLimit": {
        "schema": {"type": "string"},
        "description": "IETF draft: what is left.",
    },
    "RateLimit-Policy": {"schema": {"type": "string"}},
    "X-Request-ID": {"schema": {"type": "string"}},
}
# A stream has no end, and so no tag and no form to choose.
_ONLY_OF_RESOURCES: Final = frozenset({"ETag", "not_acceptable"})
# Of several kinds with one status the general one comes first.
_BY_STATUS: Final = {str(kind.status): code for code, kind in reversed(tuple(KINDS.items()))}
_FIELDS: Final[dict[str, Any]] = {
    "name": "fields",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "Names of the fields to return, separated by commas; all without it.",
}

_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Of a client that signed in or shows a key: sent again within a day, the request"
    " is answered as the first time and done once.",
}


_KEY_SCHEME: Final = "partnerKey"


def document_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to every operation its problems, the 304, the headers and the parameter `fields`."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    components["responses"] = {
        code: {
            "description": kind.title,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for code, kind in KINDS.items()
    }
    components["headers"] = _HEADERS
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _document(operation, has_key="{" in path, is_read=method == "get")
    return result


def _document(operation: dict[str, Any], *, has_key: bool, is_read: bool) -> None:
    responses = operation["responses"]
    # Whoever reads what is public may do so with a key, and is counted by it then.
    if operation.get("security", [{}]) == [{}]:
        operation["security"] = [{_KEY_SCHEME: []}, {}]
    is_stream = "text/event-stream" in responses.get("200", {}).get("content", {})
    left_out = _ONLY_OF_RESOURCES if is_stream else frozenset()
    headers = {n: {"$ref": f"#/components/headers/{n}"} for n in _HEADERS if n not in left_out}
    for answer in responses.values():
        answer.setdefault("headers", {}).update(headers)
    if is_read and not is_stream:
        operation.setdefault("parameters", []).append(_FIELDS)
        responses["304"] = {"description": "Unchanged since the ETag in If-None-Match."}
    for status in responses.keys() & _BY_STATUS.keys():
        responses[status] = {"$ref": f"#/components/responses/{_BY_STATUS[status]}"}
    writing = () if is_read else ("conflict", "unsupported_media_type")
    if not is_read:
        operation.setdefault("parameters", []).append(_KEY)
    for code in (*_ALWAYS, *writing, *(("not_found",) if has_key else ())):
        if code not in left_out:
            responses[str(KINDS[code].status)] = {"$ref": f"#/components/responses/{code}"}
