"""What passes between a worker and the launching process, and who is let in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from sweeper.execution.line import LENGTH, NONCE, Address, Line, LineBroken, pack
from sweeper.execution.office import Office

HERE = "127.0.0.1"


class Echo:
    """In the mailbox's place."""

    def __init__(self) -> None:
        self.heard = []
        self._go = asyncio.Event()

    async def wait(self) -> str:
        await self._go.wait()
        return "waited"

    async def say(self, word: str) -> str:
        self.heard.append(word)
        return word

    async def refuse(self) -> None:
        raise ValueError("not today")

    def go(self) -> None:
        self._go.set()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def office(echo) -> Iterator[Office]:
    office = Office(echo, HERE)
    yield office
    office.close()


def stranger(address: Address, sent: bytes) -> bytes:
    """What the office says to somebody who says this, after its nonce."""
    with socket.create_connection(address[:2], timeout=10) as found:
        found.recv(NONCE)
        try:
            found.sendall(sent)
            found.shutdown(socket.SHUT_WR)
            return found.recv(NONCE)
        except OSError:  # it did not listen to the end
            return b""


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_questions_are_answered_as_they_can_be_and_not_in_order(office, echo):
    line = Line(office.address)
    waiting = line.ask("wait")
    assert line.call("say", "a") == "a"
    assert not line.answered(waiting)
    office.do(echo.go)
    assert line.answer(waiting) == "waited"
    line.close()


def test_an_answer_that_has_come_is_seen_without_waiting(office, echo):
    line = Line(office.address)
    first = line.ask("say", "a")
    assert line.call("say", "b") == "b"
    assert line.answered(first)
    assert line.answer(first) == "a"
    line.close()


def test_what_is_told_comes_in_order_and_before_what_is_asked_then(office, echo):
    line = Line(office.address)
    for word in "abc":
        line.tell("say", word)
    line.call("say", "d")
    assert echo.heard == list("abcd")
    line.close()


def test_threads_that_ask_at_once_each_get_their_own_answer(office):
    line = Line(office.address)
    found = {}

    def ask(number: int) -> None:
        found[number] = [line.call("say", f"{number} {i}") for i in range(50)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {n: [f"{n} {i}" for i in range(50)] for n in range(4)}
    line.close()


def test_what_the_mailbox_raises_is_raised_where_it_was_asked(office):
    line = Line(office.address)
    with pytest.raises(ValueError, match="not today"):
        line.call("refuse")
    assert line.call("say", "still here") == "still here"
    line.close()


def test_who_waits_for_a_launch_that_ends_is_told(office):
    line = Line(office.address)
    ticket = line.ask("wait")
    threading.Timer(0.05, office.close).start()
    with pytest.raises(LineBroken, match="the launch is gone"):
        line.answer(ticket)


def test_where_nobody_listens_the_error_says_where_that_was(office):
    office.close()
    with pytest.raises(
        LineBroken, match=f"cannot reach the launch at {HERE}:{office.address.port}"
    ):
        Line(office.address)


def test_an_address_that_only_others_know_this_machine_by_is_told_to_them_all_the_same(echo):
    office = Office(echo, "192.0.2.1")  # of nobody, by RFC 5737
    assert office.address.host == "192.0.2.1"
    line = Line(office.address._replace(host=HERE))
    assert line.call("say", "a") == "a"
    line.close()
    office.close()


def test_a_worker_with_another_secret_is_not_let_in(office, echo):
    with pytest.raises(LineBroken):
        Line(office.address._replace(secret=bytes(NONCE)))
    assert Line(office.address).call("say", "a") == "a"


def test_nothing_that_a_stranger_sends_is_unpickled(office, echo, tmp_path):
    made = tmp_path / "made"
    bomb = b"".join(pack(Bomb(str(made))))
    assert stranger(office.address, bytes(2 * NONCE) + bomb) == b""
    assert stranger(office.address, bomb) == b""
    Line(office.address).call("say", "a")
    assert not made.exists()
    pickle.loads(bomb[LENGTH.size :])
    assert made.exists()


def test_a_worker_does_not_listen_to_one_that_does_not_know_the_secret(tmp_path):
    made = tmp_path / "made"
    with socket.create_server((HERE, 0)) as impostor:

        def answer() -> None:
            met, _ = impostor.accept()
            with met:
                met.sendall(bytes(NONCE))
                met.recv(2 * NONCE)
                met.sendall(bytes(NONCE) + b"".join(pack(Bomb(str(made)))))
                with contextlib.suppress(ConnectionResetError):
                    met.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        address = Address(HERE, impostor.getsockname()[1], b"secret")
        with pytest.raises(LineBroken, match="somebody else answers there"):
            Line(address)
        thread.join(10)
    assert not made.exists()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_where_ray_uses_tls_lines_do_and_nobody_without_the_certificate_gets_in(
    tmp_path, monkeypatch
):
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subprocess.run(
        [*make, "-subj", "/CN=ray", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("RAY_USE_TLS", "1")
    monkeypatch.setenv("RAY_TLS_SERVER_CERT", certificate)
    monkeypatch.setenv("RAY_TLS_SERVER_KEY", key)
    monkeypatch.setenv("RAY_TLS_CA_CERT", certificate)
    echo = Echo()
    office = Office(echo, HERE)
    line = Line(office.address)
    word = "long" * 100_000
    waiting = line.ask("wait")
    assert line.call("say", word) == word
    assert not line.answered(waiting)
    office.do(echo.go)
    assert line.answer(waiting) == "waited"
    line.close()
    monkeypatch.delenv("RAY_USE_TLS")
    monkeypatch.setattr("sweeper.execution.line.CONNECTING", 1.0)
    with pytest.raises(LineBroken):
        Line(office.address)
    office.close()
