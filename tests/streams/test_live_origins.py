"""Which pages may open a socket (F38)."""

import pytest

from streams.live.origins import is_allowed

SESSION = (b"cookie", b"theme=dark; sessionid=abc")


def headers(*origins, host=b"scores.example:8000", more=()):
    return [(b"host", host), *((b"origin", origin) for origin in origins), *more]


@pytest.mark.parametrize(
    ("origins", "more", "allowed"),
    [
        ([b"http://scores.example:8000"], [], True),
        ([b"http://scores.example:8000"], [SESSION], True),
        ([b"HTTP://SCORES.example:8000"], [SESSION], True),
        ([b"http://scores.example"], [], False),
        ([b"http://scores.example:8001"], [], False),
        ([b"http://evil.example:8000"], [SESSION], False),
        ([b"http://scores.example.evil.example:8000"], [], False),
        ([b"http://scores.example:8000@evil.example"], [], False),
        ([b"null"], [], False),
        ([b"file://"], [], False),
        ([b""], [], False),
        ([b"http://scores.example:8000/path"], [], False),
        ([b"http://scores.example:port"], [], False),
        ([b"http://scores.example:8000", b"http://evil.example"], [], False),
        ([], [], True),
        ([], [(b"cookie", b"theme=dark")], True),
        ([], [SESSION], False),
    ],
)
def test_development_wants_the_page_of_the_same_host(settings, origins, more, allowed):
    settings.PRODUCTION, settings.TRUSTED_ORIGINS = False, []

    assert is_allowed(headers(*origins, more=more)) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (b"https://www.example.org", True),
        (b"https://www.example.org:443", True),
        (b"https://app.example.org:8443", True),
        (b"http://www.example.org", False),
        (b"https://example.org", False),
        (b"https://sub.www.example.org", False),
        (b"https://www.example.org.", True),
        (b"https://www.example.org:8443", False),
        (b"https://scores.example:8000", False),
        (b"null", False),
    ],
)
def test_production_wants_an_origin_of_the_exact_list(settings, origin, allowed):
    settings.PRODUCTION = True
    settings.TRUSTED_ORIGINS = ["https://www.example.org", "https://app.example.org:8443"]

    assert is_allowed(headers(origin, host=b"scores.example:8000")) is allowed
