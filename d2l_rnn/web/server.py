"""What Jupyter's server does for the panels: it sends each message at once.

    jupyter lab --ServerApp.kernel_websocket_connection_class=\\
        d2l_rnn.web.server.PromptConnection

An answer to a slider is several small messages. TCP by itself holds the second one back
until the browser has acknowledged the first (Nagle's algorithm), which can take up to
40 ms. `make lab` and Binder use this option.
"""

from jupyter_server.services.kernels.connection.channels import (
    ZMQChannelsWebsocketConnection,
)


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The usual connection of a page and its kernel, without Nagle's algorithm."""

    def connect(self):
        """Handle a new connection, as usual."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
