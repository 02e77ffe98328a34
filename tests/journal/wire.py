"""A wire to PostgreSQL that can be cut at the moment of a commit."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Literal

SOCKET = ".s.PGSQL.5432"


class Wire:
    """Passes everything on. Once `cut` is set, the next commit of an insert is cut: `before`
    it reaches the server, or `after`, so that only its answer is lost."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = str(server / SOCKET)
        self.cut: Literal["", "before", "after"] = ""
        self.cuts = 0
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / SOCKET))
        self._door.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            threading.Thread(target=self._forth, args=(client, server), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        inserting = False
        while data := _received(client):
            inserting = inserting or b"INSERT INTO sweeper_journal" in data
            if inserting and b"COMMIT" in data:
                inserting = False
                if self.cut:
                    self._sever(client, server, data)
                    return
            server.sendall(data)
        server.close()

    def _sever(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        """No answer comes back; the server sees the commit or it does not."""
        client.shutdown(socket.SHUT_RDWR)
        if self.cut == "after":
            server.sendall(data)
        else:
            server.shutdown(socket.SHUT_RDWR)
        self.cut = ""
        self.cuts += 1

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        while data := _received(server):
            try:
                client.sendall(data)
            except OSError:
                continue  # severed: the server's answer goes nowhere
        client.close()


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(65536)
    except OSError:
        return b""
