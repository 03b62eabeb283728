"""The server's part: a message to the page does not wait for the one before it."""

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("jupyter_server", reason="JupyterLab is not installed")
from tornado import httpserver, netutil, web, websocket
from traitlets.utils.importstring import import_item

from d2l_rnn.web.server import PromptConnection

SETTINGS = Path(__file__).parents[2] / "binder" / "jupyter_server_config.json"


class Connection(PromptConnection):
    """The same, for a page that is not Jupyter's."""

    websocket_handler = None


class Handler(websocket.WebSocketHandler):
    """A page's socket, which tells whether TCP may hold its messages back."""

    async def open(self):
        connection = Connection()
        connection.websocket_handler = self
        connected = connection.connect()
        option = socket.IPPROTO_TCP, socket.TCP_NODELAY
        prompt = self.ws_connection.stream.socket.getsockopt(*option)
        self.write_message(f"{connected}, {bool(prompt)}")


async def told() -> str:
    """What the handler tells a page that connects to it."""
    server = httpserver.HTTPServer(web.Application([("/", Handler)]))
    (listening,) = netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets([listening])
    page = await websocket.websocket_connect(
        f"ws://127.0.0.1:{listening.getsockname()[1]}/"
    )
    message = await page.read_message()
    page.close()
    server.stop()
    return message


def test_messages_are_not_held_back(monkeypatch):
    (usual,) = PromptConnection.__bases__
    monkeypatch.setattr(usual, "connect", lambda self: "as usual")
    with ThreadPoolExecutor(1) as apart:  # this thread may have a loop of its own
        assert apart.submit(asyncio.run, told()).result() == "as usual, True"


def test_binder_uses_it():
    settings = json.loads(SETTINGS.read_text("utf-8"))["ServerApp"]
    named = import_item(settings["kernel_websocket_connection_class"])
    assert named is PromptConnection
