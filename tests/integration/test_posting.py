"""Posting to strangers: the address that was looked at is the one that is reached, and no answer does
harm.
"""

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from certsvc.errors import Unavailable
from certsvc.webhooks.posting import Letter, Poster
from certsvc.webhooks.resolving import OF_A_HOLDER
from tests.support.receiver import Received, Receiver, receiving, status

LETTER = Letter({"webhook-id": "msg_1"}, b'{"type":"webhook.test"}')


@dataclass
class Names:
    """A resolver that leads a name to something else each time it is asked."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def _say(answer: bytes, _: Received) -> bytes:
    return answer


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def test_a_name_that_leads_inside_is_not_followed(receiver: Receiver) -> None:
    """Whatever private address it is, no connection is made."""
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "not an address"):
        names = Names([[address]])
        url = f"https://receiver.example:{receiver.port}/"
        assert [each.error for each in await Poster(resolve=names).post_all(url, [LETTER] * 2, "holder")] == [
            "address_refused"
        ] * 2
        assert names.asked == ["receiver.example"]
    for url in (
        f"https://localhost:{receiver.port}/",
        f"https://2130706433:{receiver.port}/",
        f"https://0x7f.1:{receiver.port}/",
        receiver.url,
    ):
        [answer] = await Poster().post_all(url, [LETTER], "holder")
        assert answer.error == "address_refused", url
    await asyncio.sleep(0.05)
    assert receiver.came == []
    assert receiver.most_at_once == 0


async def test_of_several_addresses_only_public_ones_stay() -> None:
    """A name that mixes in a private one gains nothing by it."""
    poster = Poster(resolve=Names([["127.0.0.1", "8.8.8.8", "10.0.0.1", "2606:4700::1111", "8.8.8.8"]]))
    assert await poster._addresses(httpx2.URL("https://receiver.example/"), "holder") == [
        "8.8.8.8",
        "2606:4700::1111",
    ]


async def test_a_name_is_looked_up_once(receiver: Receiver) -> None:
    """What was looked at is connected to: another answer a moment later is not asked for. The receiver is
    still called by its name.
    """
    names = Names([["127.0.0.1"], ["127.0.0.2"]])
    answers = await Poster(allow_private=True, resolve=names).post_all(
        f"http://receiver.example:{receiver.port}/x?y=z", [LETTER] * 3, "holder"
    )
    assert [each.status for each in answers] == [204] * 3
    assert names.asked == ["receiver.example"]
    assert {(post.target, post.headers["host"]) for post in receiver.came} == {
        ("/x?y=z", f"receiver.example:{receiver.port}")
    }


async def test_the_next_address_is_tried(receiver: Receiver) -> None:
    """Where nobody listens at the first."""
    names = Names([["127.0.0.2", "127.0.0.1"]])
    [answer] = await Poster(allow_private=True, resolve=names).post_all(
        f"http://receiver.example:{receiver.port}/", [LETTER], "holder"
    )
    assert answer.is_good


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    """Where they lead nobody comes."""
    async with receiving() as luring:
        for code in (301, 302, 307, 308):
            redirect = status(code, f"Location: {receiver.url}")
            luring.behave = partial(_say, redirect)
            [answer] = await Poster(allow_private=True).post_all(luring.url, [LETTER], "holder")
            assert (answer.status, answer.is_good) == (code, False)
    assert receiver.came == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, "timeout"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "bad_answer"),
        (b"", "bad_answer"),
        (b"220 smtp.example ESMTP\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, "bad_answer"),
        (b"\x00" * 100, "bad_answer"),
    ],
)
async def test_no_answer_does_harm(answer: bytes | None, error: str) -> None:
    """Silence, an end, another protocol, headers without end: each is an error in one word."""
    async with receiving(lambda _: answer) as strange:
        [got] = await Poster(allow_private=True, timeout_s=0.5 if answer is None else 10).post_all(
            strange.url, [LETTER], "holder"
        )
    assert (got.status, got.error) == (None, error)


async def test_the_content_of_an_answer_is_not_read() -> None:
    """It may be as long as it likes."""
    async with receiving(
        lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 100_000
    ) as talkative:
        [answer] = await Poster(allow_private=True).post_all(talkative.url, [LETTER], "holder")
    assert answer.is_good


async def test_who_does_not_listen_or_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port, a name that no DNS could have and an unknown one, whatever resolver this machine
    asks.
    """
    async with receiving() as gone:
        url = gone.url
    assert [each.error for each in await Poster(allow_private=True).post_all(url, [LETTER], "holder")] == [
        "connection_failed"
    ]
    assert [
        each.error for each in await Poster().post_all(f"https://{'a' * 64}.example/", [LETTER], "holder")
    ] == ["name_not_found"]

    def unknown(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert [
        each.error for each in await Poster().post_all("https://receiver.invalid/", [LETTER], "holder")
    ] == ["name_not_found"]


async def test_a_name_that_takes_its_time_is_not_waited_for() -> None:
    """A resolver that does not answer."""

    async def silent(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    [answer] = await Poster(resolve=silent, timeout_s=0.1).post_all(
        "https://receiver.example/", [LETTER], "holder"
    )
    assert answer.error == "timeout"


async def test_slow_names_hold_up_their_own_holder_alone(receiver: Receiver) -> None:
    """However many and for however long: another's good name is found at once. A fifth name of the holder is
    not looked up, and that is no try.
    """
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        if host.startswith("slow"):
            await asyncio.sleep(60)
        return ["127.0.0.1"]

    poster = Poster(allow_private=True, resolve=resolve, timeout_s=0.5)
    slow = (
        poster.post_all(f"http://slow-{number}.example:{receiver.port}/", [LETTER], "slow")
        for number in range(40)
    )
    told = await asyncio.gather(*slow, return_exceptions=True)
    assert len(asked) == OF_A_HOLDER
    assert [each[0].error for each in told if isinstance(each, list)] == ["timeout"] * OF_A_HOLDER
    assert {each.code for each in told if isinstance(each, Unavailable)} == {"resolver_busy"}
    [answer] = await poster.post_all(f"http://good.example:{receiver.port}/", [LETTER], "another")
    assert answer.is_good
    with pytest.raises(Unavailable, match="resolver_busy"):  # those that nobody waits for keep their places
        await poster.post_all(f"http://good.example:{receiver.port}/", [LETTER], "slow")


async def test_a_name_that_was_looked_up_makes_room(receiver: Receiver) -> None:
    """Also where nothing was found: many names of one holder, a few at a time."""
    now, most = 0, 0

    async def resolve(host: str, _port: int) -> Sequence[str]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        if host.startswith("no"):
            raise OSError
        return ["127.0.0.1"]

    poster = Poster(allow_private=True, resolve=resolve)
    names = [f"{'no' if number % 2 else 'good'}-{number}.example" for number in range(20)]
    answers = await asyncio.gather(
        *(poster.post_all(f"http://{name}:{receiver.port}/", [LETTER], "holder") for name in names)
    )
    assert [answer.error for [answer] in answers] == [None, "name_not_found"] * 10
    assert most == OF_A_HOLDER


async def test_tls_is_held_against_the_name(tmp_path: Path) -> None:
    """The name goes into the handshake (SNI) and must be the certificate's, though the connection goes to an
    address; an unknown issuer is refused.
    """
    server, trusting, asked = _tls(tmp_path, "receiver.example")
    async with receiving(tls=server) as receiver:
        names = Names([["127.0.0.1"]])
        outcomes = []
        for tls, host in (
            (trusting, "receiver.example"),
            (trusting, "other.example"),
            (None, "receiver.example"),
        ):
            [answer] = await Poster(allow_private=True, resolve=names, tls=tls).post_all(
                f"https://{host}:{receiver.port}/", [LETTER], "holder"
            )
            outcomes.append((answer.status, answer.error))
    assert outcomes == [(204, None), (None, "tls_failed"), (None, "tls_failed")]
    assert asked == ["receiver.example", "other.example", "receiver.example"]


def _tls(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext, list[str]]:
    """A server's side with a throw-away certificate for that name, a client's that trusts it, and which names
    were asked for.
    """
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
    )
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    x509_cert = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(
        key, SHA256()
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + x509_cert.public_bytes(Encoding.PEM)
    )
    server, asked = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), []
    server.load_cert_chain(file)
    server.sni_callback = lambda _connection, host, _context: asked.append(host)
    return server, ssl.create_default_context(cafile=str(file)), asked
