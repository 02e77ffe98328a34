"""A worker's line to the mailbox, which is in the launching process: one TCP connection.

What travels is pickled, and nothing is unpickled before each side has shown the other that it
knows the launch's secret, which workers have from Ray: an HMAC (RFC 2104) over both sides'
nonces. Where Ray is told to use TLS (RAY_USE_TLS), lines use its certificates.
"""

from __future__ import annotations

import hmac
import itertools
import os
import pickle
import secrets
import select
import socket
import ssl
import struct
import threading
from typing import Any, NamedTuple

NONCE = 32
"""Bytes of a nonce, and of the proof that one knows the secret."""

LENGTH = struct.Struct("!Q")
"""What goes before a message."""

CONNECTING = 15.0
"""Seconds to get through to the launch, and for it to show that it is the one."""

IDLE = 60
"""Seconds without a word after which the systems ask each other whether they are there."""


class Address(NamedTuple):
    """Where a launch is to be reached, and what shows that one belongs to it."""

    host: str
    port: int
    secret: bytes


class LineBroken(ConnectionError):
    """There is no way to the launch (any more)."""


def proof(secret: bytes, side: bytes, theirs: bytes, ours: bytes) -> bytes:
    """That `side` knows the secret: the launch's nonce comes first, then the worker's."""
    return hmac.digest(secret, side + theirs + ours, "sha256")


def pack(message: Any) -> list[bytes]:
    """The message as bytes, and before it how many they are."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return [LENGTH.pack(len(content)), content]


def encryption(purpose: ssl.Purpose) -> ssl.SSLContext | None:
    """Ray's own certificates, asked of both sides, where Ray is told to use them."""
    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return None
    context = ssl.create_default_context(purpose, cafile=os.environ["RAY_TLS_CA_CERT"])
    context.load_cert_chain(os.environ["RAY_TLS_SERVER_CERT"], os.environ["RAY_TLS_SERVER_KEY"])
    context.check_hostname = False  # they name the cluster, and not each of its nodes
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class Line:
    """Questions to the mailbox and its answers; several threads may ask.

    Every method raises LineBroken when the launch cannot be reached.
    """

    def __init__(self, address: Address) -> None:
        try:
            self._socket = _connected(address)
        except OSError as error:
            where = f"{address.host}:{address.port}"
            raise LineBroken(
                f"this worker cannot reach the launch at {where}: {error}. Workers connect to a "
                "port of the machine that the sweep was launched on"
            ) from error
        self._sending, self._reading = threading.Lock(), threading.Lock()
        self._tickets = itertools.count(1)
        self._answers: dict[int, tuple[bool, Any]] = {}

    def ask(self, question: str, *arguments: Any) -> int:
        """Ask without waiting. What is given is the answer's number."""
        ticket = next(self._tickets)
        self._send((ticket, question, arguments))
        return ticket

    def tell(self, question: str, *arguments: Any) -> None:
        """Nobody wants to know the answer."""
        self._send((0, question, arguments))

    def call(self, question: str, *arguments: Any) -> Any:
        """Ask and wait for the answer."""
        return self.answer(self.ask(question, *arguments))

    def answer(self, ticket: int) -> Any:
        """Wait for an answer; what the mailbox raised is raised here."""
        with self._reading:
            while ticket not in self._answers:
                self._read()
            fine, value = self._answers.pop(ticket)
        if not fine:
            raise value
        return value

    def answered(self, ticket: int) -> bool:
        """Whether the answer is there already."""
        with self._reading:
            while ticket not in self._answers and self._waiting():
                self._read()
            return ticket in self._answers

    def close(self) -> None:
        self._socket.close()

    def _send(self, message: Any) -> None:
        parts = pack(message)
        with self._sending:
            try:
                for part in parts:
                    self._socket.sendall(part)
            except OSError as error:
                raise LineBroken(f"the launch is gone: {error}") from error

    def _read(self) -> None:
        try:
            (size,) = LENGTH.unpack(_received(self._socket, LENGTH.size))
            ticket, fine, value = pickle.loads(_received(self._socket, size))
        except OSError as error:
            raise LineBroken(f"the launch is gone: {error}") from error
        self._answers[ticket] = fine, value

    def _waiting(self) -> bool:
        """Whether there is something to read."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))


def _connected(address: Address) -> socket.socket:
    found = socket.create_connection((address.host, address.port), timeout=CONNECTING)
    try:
        stay(found)
        if context := encryption(ssl.Purpose.SERVER_AUTH):
            found = context.wrap_socket(found)
        theirs, ours = _received(found, NONCE), secrets.token_bytes(NONCE)
        found.sendall(ours + proof(address.secret, b"worker", theirs, ours))
        shown = _received(found, NONCE)
        if not hmac.compare_digest(shown, proof(address.secret, b"launch", theirs, ours)):
            raise ConnectionError("somebody else answers there")
        found.settimeout(None)
    except BaseException:
        found.close()
        raise
    return found


def stay(connection: socket.socket) -> None:
    """Small messages go at once, and a way that has become none is noticed."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # Linux; elsewhere the system's own patience
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE)


def _received(connection: socket.socket, size: int) -> bytes:
    found = bytearray(size)
    view, got = memoryview(found), 0
    while got < size:
        more = connection.recv_into(view[got:])
        if not more:
            raise ConnectionError("the connection was closed")
        got += more
    return bytes(found)
