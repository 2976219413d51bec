"""Public reads of forecasts."""

from typing import Any

from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from matches.models import Match
from mlmodels.api.serializers import ForecastSerializer
from mlmodels.models import MatchForecast
from mlmodels.selectors import forecast_for


class ForecastDetail(GenericAPIView[Any]):
    """The forecast of one match, made before its day."""

    permission_classes = [AllowAny]
    # No session is looked at, so that answers can be shared.
    authentication_classes = ()
    serializer_class = ForecastSerializer
    queryset = MatchForecast.objects.none()

    def get(self, request: Request, public_id: str) -> Response:
        self.filter_queryset(self.get_queryset())
        matches = Match.objects.filter(season__league__is_test=False)
        match = matches.filter(public_id=public_id).first()
        if match is None:
            raise Http404
        forecast = forecast_for(match)
        if forecast is None:
            raise NotFound("There is no forecast of this match.")
        forecast.match = match
        return Response(self.get_serializer(forecast).data)
