"""Channels as its tutorial has it: each client in the group, each frame encoded for each client."""

import json
import os

import django
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import re_path

settings.configure(
    SECRET_KEY="benchmark",
    CHANNEL_LAYERS={"default": json.loads(os.environ["VEZE_BENCH_LAYER"])},
)
django.setup()


class Naive(AsyncJsonWebsocketConsumer):
    """One client."""

    async def connect(self):
        await self.channel_layer.group_add("bench", self.channel_name)
        await self.accept()
        await self.send_json({"type": "ready"})

    async def bench_frame(self, event):
        await self.send_json(event["frame"])


application = ProtocolTypeRouter({"websocket": URLRouter([re_path("", Naive.as_asgi())])})
