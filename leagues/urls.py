"""Addresses of the list of leagues and the search."""

from django.urls import path

from leagues import views

app_name = "leagues"
urlpatterns = [
    path("leagues/", views.league_list, name="list"),
    path("search", views.search, name="search"),
]
