"""Which addresses may ever be posted to."""

import pytest

from certsvc.errors import InputError
from certsvc.webhooks.posting import is_public, read_url

PRIVATE = """
127.0.0.1 127.8.9.1 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1
100.100.100.200 168.63.129.16
192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250
240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1
64:ff9b::8.8.8.8 64:ff9b:1::10.0.0.1
100::1 2001::1 2001:0:7f00:1:: 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1
ff02::1 ff0e::1 localhost 127.1 2130706433 0x7f000001 1.2.3
"""
PUBLIC = """
8.8.8.8 1.1.1.1 113.160.0.1 100.63.255.255 100.128.0.1 172.32.0.1 169.253.0.1 2606:4700::1111 2405:4800::1
2a00:1450:4001::1
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_what_is_not_of_the_open_internet_is_refused(address: str) -> None:
    """Loopback, private, link-local, metadata, carriers' NAT, multicast, reserved; IPv4 within IPv6, however
    it is wrapped; no address at all.
    """
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are_allowed(address: str) -> None:
    """Also those next to a private range."""
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/",
        "https://127.0.0.1/",
        "https://[::1]:8443/",
        "https://[::ffff:10.0.0.1]/",
        "https://user@receiver.example/",
        "https://:word@receiver.example/",
        "https://receiver.example/#part",
        "https://receiver.example:0/",
        "https://receiver.example:99999/",
        "https:///path",
        "//receiver.example",
        "file:///etc/passwd",
        "gopher://receiver.example/",
        "https://receiver.example/\r\nX: y",
        "https://receiver.example/" + "a" * 2000,
        "",
    ],
)
def test_no_webhook_goes_there(url: str) -> None:
    """Not over http, not to a private address, nothing that could be read in two ways."""
    with pytest.raises(InputError, match="webhook_url"):
        read_url(url, allow_private=False)


def test_names_are_not_looked_up_yet() -> None:
    """They are when something is sent; a name in Vietnamese becomes ASCII."""
    assert (
        read_url("https://bệnhviện.example/hook", allow_private=False).raw_host == b"xn--bnhvin-ik8be.example"
    )
    assert read_url("http://10.0.0.1:8080/hook", allow_private=True).port == 8080
