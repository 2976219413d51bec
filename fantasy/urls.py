"""Addresses of the pages of fantasy games."""

from django.urls import path

from fantasy.views import entries, games, leagues, matches, squads, transfers

app_name = "fantasy"
_ENTRY = "fantasy/entries/<str:public_id>"
_LEAGUE = "fantasy/leagues/<str:public_id>"
_GAME = "fantasy/<slug:slug>"

urlpatterns = [
    path("fantasy/", games.landing, name="landing"),
    path(f"{_ENTRY}/", entries.points, name="entry"),
    path(f"{_ENTRY}/rounds/<int:number>/", entries.points, name="entry_round"),
    path(f"{_ENTRY}/rounds/<int:number>/proof/", entries.proof, name="proof"),
    path(f"{_ENTRY}/history/", entries.history, name="history"),
    path(f"{_LEAGUE}/", leagues.league, name="league"),
    path(f"{_LEAGUE}/change/", leagues.change_league, name="change_league"),
    path("fantasy/cups/<str:public_id>/", leagues.cup, name="cup"),
    path("matches/<str:public_id>/fantasy/", matches.match, name="match"),
    path(f"{_GAME}/", games.game, name="game"),
    path(f"{_GAME}/parts/", games.parts, name="parts"),
    path(f"{_GAME}/rules/", games.rules, name="rules"),
    path(f"{_GAME}/points/", entries.own_points, name="points"),
    path(f"{_GAME}/join/", squads.join, name="join"),
    path(f"{_GAME}/team/", squads.team, name="team"),
    path(f"{_GAME}/team/chip/", squads.play_chip, name="chip"),
    path(f"{_GAME}/team/receipts/<int:sequence>/", squads.receipt, name="receipt"),
    path(f"{_GAME}/transfers/", transfers.transfers, name="transfers"),
    path(f"{_GAME}/leagues/", leagues.leagues, name="leagues"),
    path(f"{_GAME}/table/", leagues.table, name="table"),
    path(f"{_GAME}/players/", games.players, name="players"),
    path(f"{_GAME}/players/<str:player_id>/", games.player, name="player"),
    path(f"{_GAME}/players/<str:player_id>/rounds/<int:number>/", games.why, name="why"),
]
