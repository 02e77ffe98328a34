"""Where workers reach the mailbox: a thread of the launching process with an event loop, on which
the mailbox lives, and a port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import pickle
import secrets
import ssl
import threading
from collections.abc import Callable
from typing import Any

from sweeper.execution.line import (
    CONNECTING,
    LENGTH,
    NONCE,
    Address,
    encryption,
    pack,
    proof,
    stay,
)
from sweeper.execution.mailbox import Mailbox

CLOSING = 5.0
"""Seconds for the thread to end."""


class Office:
    """Open from its making to `close`."""

    def __init__(self, mailbox: Mailbox, host: str) -> None:
        """`host`: the address by which workers know this machine."""
        self._mailbox = mailbox
        self._loop = asyncio.new_event_loop()
        self._secret = secrets.token_bytes(NONCE)
        self._answering: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._closed = False
        self._server = self._loop.run_until_complete(self._open(host))
        port = self._server.sockets[0].getsockname()[1]
        self.address = Address(host, port, self._secret)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def _open(self, host: str) -> asyncio.Server:
        context = encryption(ssl.Purpose.CLIENT_AUTH)
        try:
            return await asyncio.start_server(self._meet, host, 0, ssl=context)
        except OSError:  # it is others' name for this machine, behind a translation of addresses
            everywhere = "::" if ":" in host else "0.0.0.0"
            return await asyncio.start_server(self._meet, everywhere, 0, ssl=context)

    def do(self, act: Callable[..., None], *arguments: Any) -> None:
        """Call a method of the mailbox where it lives, after all that were given before."""
        if not self._closed:
            self._loop.call_soon_threadsafe(act, *arguments)

    def close(self) -> None:
        """Workers find their lines broken."""
        if self._closed:
            return
        self._closed = True
        self._loop.call_soon_threadsafe(self._loop.create_task, self._end())
        self._thread.join(CLOSING)

    async def _end(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        self._loop.stop()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One worker, from its first word to its last."""
        self._writers.add(writer)
        try:
            stay(writer.get_extra_info("socket"))
            await asyncio.wait_for(self._know(reader, writer), CONNECTING)
            while True:
                (size,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                question = pickle.loads(await reader.readexactly(size))
                task = self._loop.create_task(self._answer(writer, *question))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
        except (OSError, EOFError, TimeoutError):
            pass  # who died has Ray to say so
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _know(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """ConnectionError for one that does not know the secret."""
        ours = secrets.token_bytes(NONCE)
        writer.write(ours)
        theirs, shown = await reader.readexactly(NONCE), await reader.readexactly(NONCE)
        if not hmac.compare_digest(shown, proof(self._secret, b"worker", ours, theirs)):
            raise ConnectionError("a stranger")
        writer.write(proof(self._secret, b"launch", ours, theirs))

    async def _answer(
        self, writer: asyncio.StreamWriter, ticket: int, question: str, arguments: tuple[Any, ...]
    ) -> None:
        try:
            answer = (ticket, True, await getattr(self._mailbox, question)(*arguments))
        except Exception as error:
            answer = (ticket, False, error)
        if ticket:
            with contextlib.suppress(OSError):
                writer.writelines(pack(answer))
