"""Public reads of forecasts and of win probability."""

from contextlib import suppress
from typing import Any, Final

from django.core.cache import cache
from django.http import Http404
from django.utils.cache import patch_cache_control
from redis.exceptions import RedisError
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import now
from leagues.packs.loader import load_pack
from leagues.packs.schema import StrengthRule
from matches.models import Match
from matches.rules.clock import age_ms
from mlmodels.api.serializers import ForecastSerializer, WinProbabilitySerializer
from mlmodels.models import MatchForecast
from mlmodels.rules.chances import Chances
from mlmodels.rules.line import LinePoint
from mlmodels.rules.win_probability import FORMULA
from mlmodels.selectors import chances_now, expectation_of, forecast_for, win_probability_line

# A forecast may change without an event.
_HELD_FOR_S: Final = 60


class PublicRead(GenericAPIView[Any]):
    """Open to everybody, known or not."""

    permission_classes = [AllowAny]
    # No session is looked at, so that answers can be shared.
    authentication_classes = ()
    queryset = MatchForecast.objects.none()

    def found(self, public_id: str) -> Match:
        """Return the match as its reader may see it."""
        self.filter_queryset(self.get_queryset())
        matches = Match.objects.with_sides().filter(season__league__is_test=False)
        match = matches.filter(public_id=public_id).first()
        if match is None:
            raise Http404
        return match


class ForecastDetail(PublicRead):
    """The forecast of one match, made before its day."""

    serializer_class = ForecastSerializer

    def get(self, request: Request, public_id: str) -> Response:
        match = self.found(public_id)
        forecast = forecast_for(match)
        if forecast is None:
            raise NotFound("There is no forecast of this match.")
        forecast.match = match
        return Response(self.get_serializer(forecast).data)


class WinProbability(PublicRead):
    """The chances of home win, draw and away win: now, and after each event that moved them."""

    rate_class = "live"
    serializer_class = WinProbabilitySerializer

    def get(self, request: Request, public_id: str) -> Response:
        match = self.found(public_id)
        rule = load_pack(match.season.league.sport).strength
        if rule is None:
            raise NotFound("This sport has no win probability.")
        age = age_ms(match.data_at, now()) if match.is_live else None
        response = Response({**_held_or_made(match, rule), "data_age_ms": age})
        if age is not None:
            response["Data-Age-Ms"] = str(age)
        max_age_s = 1 if match.is_live else 60
        patch_cache_control(response, public=True, max_age=max_age_s, stale_while_revalidate=30)
        return response


def _held_or_made(match: Match, rule: StrengthRule) -> dict[str, Any]:
    """Return the document of what the reader may see of the match, made once for each fold."""
    state = f"{match.epoch}:{match.folded_seq}:{match.status}:{match.home_score}:{match.away_score}"
    key = f"win_probability:{match.public_id}:{state}"
    with suppress(RedisError, OSError):
        held: dict[str, Any] | None = cache.get(key)
        if held is not None:
            return held
    made = dict(WinProbabilitySerializer(_document(match, rule)).data)
    with suppress(RedisError, OSError):
        cache.set(key, made, _HELD_FOR_S)
    return made


def _document(match: Match, rule: StrengthRule) -> dict[str, Any]:
    forecast = forecast_for(match)
    expected = expectation_of(match, rule)
    line = win_probability_line(match, expected=expected)
    return {
        "match_id": match.public_id,
        "status": match.status,
        "epoch": match.epoch,
        "seq": match.folded_seq,
        "model_version": FORMULA,
        "strength_version": forecast.model_version.label if forecast else None,
        **_parts(chances_now(match, line, expected, rule)),
        "line": [_point(point) for point in line],
        "data_age_ms": None,
    }


def _parts(chances: Chances | None) -> dict[str, float | None]:
    if chances is None:
        return dict.fromkeys(("p_home", "p_draw", "p_away"))
    return {"p_home": chances.home, "p_draw": chances.draw, "p_away": chances.away}


def _point(point: LinePoint) -> dict[str, Any]:
    return {
        "seq": point.seq,
        "event_id": point.event_id,
        "period": point.period,
        "clock_ms": point.clock_ms,
        "clock_label": point.clock_label or None,
        **_parts(point.chances),
    }
