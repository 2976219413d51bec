"""Addresses of the notifications app in the API."""

from django.urls import path

from notifications.api import views

urlpatterns = [
    path("notifications", views.NoticeList.as_view(), name="api-notifications"),
    path("notifications/read", views.MarkRead.as_view(), name="api-notifications-read"),
    path("notifications/follows", views.FollowList.as_view(), name="api-follows"),
    path("notifications/follows/<slug:public_id>", views.FollowDetail.as_view(), name="api-follow"),
    path("notifications/preferences", views.Preferences.as_view(), name="api-preferences"),
    path("notifications/push-key", views.PushKey.as_view(), name="api-push-key"),
    path("notifications/devices", views.DeviceList.as_view(), name="api-push-devices"),
    path(
        "notifications/devices/<slug:public_id>",
        views.DeviceDetail.as_view(),
        name="api-push-device",
    ),
]
