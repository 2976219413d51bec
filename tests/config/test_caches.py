"""The cache keeps its client and does what Django's does."""

from django.core.cache import cache


def test_commands_share_a_client():
    assert cache._cache.get_client("a", write=True) is cache._cache.get_client("b", write=True)


def test_values_are_kept_counted_and_dropped():
    cache.set("kept", {"a": 1}, 60)
    assert cache.get("kept") == {"a": 1}
    assert cache.add("counted", 1, 60)
    assert not cache.add("counted", 5, 60)
    assert cache.incr("counted") == 2
    cache.delete("kept")
    assert cache.get("kept") is None
