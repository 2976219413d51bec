"""Addresses of the pages of notices."""

from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("notices/", views.inbox_page, name="inbox"),
    path("notices/read/", views.read, name="read"),
    path("notices/settings/", views.settings_page, name="settings"),
    path("notices/devices/", views.forget_device, name="forget_device"),
    path("notices/stop/", views.stop, name="stop"),
    path("notices/follow/<str:public_id>/", views.follow, name="follow"),
    path("push-worker.js", views.push_worker, name="push_worker"),
]
