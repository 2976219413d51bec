"""Addresses of the account pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-up/", views.sign_up, name="sign_up"),
    path("login/", views.login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("profile/", views.profile, name="profile"),
    path("profile/password/", views.password, name="password"),
    path("profile/keys/", views.keys, name="keys"),
    path("profile/keys/<slug:prefix>/revoke/", views.revoke_key, name="revoke_key"),
    path("preferences/theme/", views.theme, name="theme"),
    path("preferences/spoilers/", views.spoilers, name="spoilers"),
    path("preferences/scores/", views.show_scores, name="show_scores"),
]
