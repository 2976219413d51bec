"""Addresses of the list of leagues, the search and what a visitor follows."""

from django.urls import path

from leagues import views

app_name = "leagues"
urlpatterns = [
    path("leagues/", views.league_list, name="list"),
    path("search", views.search, name="search"),
    path("following/", views.following, name="following"),
    path("preferences/follow/", views.follow, name="follow"),
]
