"""Addresses of the fantasy app in the API."""

from django.urls import path

from fantasy.api import baskets, games, leagues, points, receipts, tables, teams

_GAME = "fantasy/games/<slug:public_id>"
_TEAM = "fantasy/teams/<slug:public_id>"
_ENTRY = "fantasy/entries/<slug:public_id>"
_LEAGUE = "fantasy/leagues/<slug:public_id>"

urlpatterns = [
    path("fantasy/games", games.GameList.as_view(), name="api-fantasy-games"),
    path(_GAME, games.GameDetail.as_view(), name="api-fantasy-game"),
    path(f"{_GAME}/rules", games.RulesDetail.as_view(), name="api-fantasy-rules"),
    path(f"{_GAME}/rounds", games.RoundList.as_view(), name="api-fantasy-rounds"),
    path(f"{_GAME}/rounds/<int:number>", games.RoundDetail.as_view(), name="api-fantasy-round"),
    path(f"{_GAME}/phases", games.PhaseList.as_view(), name="api-fantasy-phases"),
    path(f"{_GAME}/fill", teams.Filling.as_view(), name="api-fantasy-fill"),
    path(f"{_GAME}/players", games.PlayerList.as_view(), name="api-fantasy-players"),
    path(
        f"{_GAME}/players/<slug:player_id>",
        points.PlayerDetail.as_view(),
        name="api-fantasy-player",
    ),
    path(
        f"{_GAME}/players/<slug:player_id>/rounds/<int:number>",
        points.PlayerRoundDetail.as_view(),
        name="api-fantasy-player-round",
    ),
    path(f"{_GAME}/prices", games.PriceList.as_view(), name="api-fantasy-prices"),
    path(f"{_GAME}/top", games.Top.as_view(), name="api-fantasy-top"),
    path(f"{_GAME}/table", tables.OverallTable.as_view(), name="api-fantasy-overall"),
    path(f"{_GAME}/leagues", leagues.PublicLeagues.as_view(), name="api-fantasy-public-leagues"),
    path(f"{_GAME}/cups", leagues.GameCups.as_view(), name="api-fantasy-game-cups"),
    path("fantasy/teams", teams.TeamList.as_view(), name="api-fantasy-teams"),
    path(_TEAM, teams.TeamDetail.as_view(), name="api-fantasy-team"),
    path(f"{_TEAM}/lineup", teams.TeamLineup.as_view(), name="api-fantasy-lineup"),
    path(f"{_TEAM}/transfers", teams.TransferList.as_view(), name="api-fantasy-transfers"),
    path(
        f"{_TEAM}/transfers/preview",
        teams.TransferPreview.as_view(),
        name="api-fantasy-transfers-preview",
    ),
    path(f"{_TEAM}/transfers/basket", baskets.Basket.as_view(), name="api-fantasy-basket"),
    path(
        f"{_TEAM}/transfers/basket/confirm",
        baskets.BasketConfirm.as_view(),
        name="api-fantasy-basket-confirm",
    ),
    path(
        f"{_TEAM}/transfers/basket/<slug:player_id>",
        baskets.BasketMove.as_view(),
        name="api-fantasy-basket-move",
    ),
    path(f"{_TEAM}/chips", teams.TeamChips.as_view(), name="api-fantasy-chips"),
    path(f"{_TEAM}/receipts", receipts.TeamReceipts.as_view(), name="api-fantasy-receipts"),
    path(f"{_TEAM}/submit", receipts.Submit.as_view(), name="api-fantasy-submit"),
    path(f"{_TEAM}/scoring/<int:number>", receipts.Scoring.as_view(), name="api-fantasy-scoring"),
    path(f"{_TEAM}/leagues", leagues.TeamLeagues.as_view(), name="api-fantasy-team-leagues"),
    path(f"{_TEAM}/leagues/join", leagues.JoinLeague.as_view(), name="api-fantasy-join"),
    path(
        f"{_TEAM}/leagues/<slug:league_id>",
        leagues.LeaveLeague.as_view(),
        name="api-fantasy-leave",
    ),
    path("fantasy/receipts/keys", receipts.ReceiptKeys.as_view(), name="api-fantasy-keys"),
    path("fantasy/receipts/verify", receipts.ReceiptCheck.as_view(), name="api-fantasy-verify"),
    path(_ENTRY, points.EntryDetail.as_view(), name="api-fantasy-entry"),
    path(f"{_ENTRY}/history", points.EntryHistory.as_view(), name="api-fantasy-history"),
    path(
        f"{_ENTRY}/transfers",
        points.EntryTransfers.as_view(),
        name="api-fantasy-entry-transfers",
    ),
    path(
        f"{_ENTRY}/rounds/<int:number>",
        points.EntryRoundDetail.as_view(),
        name="api-fantasy-entry-round",
    ),
    path(
        f"{_ENTRY}/rounds/<int:number>/proof",
        points.EntryProof.as_view(),
        name="api-fantasy-proof",
    ),
    path(_LEAGUE, leagues.LeagueDetail.as_view(), name="api-fantasy-league"),
    path(f"{_LEAGUE}/table", leagues.LeagueTable.as_view(), name="api-fantasy-table"),
    path(
        f"{_LEAGUE}/adjustments",
        leagues.LeagueAdjustments.as_view(),
        name="api-fantasy-adjustments",
    ),
    path(f"{_LEAGUE}/fixtures", leagues.LeagueFixtures.as_view(), name="api-fantasy-fixtures"),
    path(
        f"{_LEAGUE}/members/<slug:entry_id>",
        leagues.LeagueMemberDetail.as_view(),
        name="api-fantasy-member",
    ),
    path(f"{_LEAGUE}/cups", leagues.LeagueCups.as_view(), name="api-fantasy-league-cups"),
    path("fantasy/cups/<slug:public_id>", leagues.CupDetail.as_view(), name="api-fantasy-cup"),
]
