"""Where webhooks may go: a table of hostile URLs, and a resolver that changes its mind."""

import socket
from ipaddress import ip_address

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.addresses import (
    AddressRefused,
    check_address,
    check_url,
    is_global_unicast,
)
from services.notifications.worker.resolver import GuardedResolver

APPROVED = ("police.example", "hooks.school.example", "xn--mnchen-3ya.example")

GOOD_URLS = [
    "https://police.example",
    "https://police.example/",
    "https://police.example:443/hooks",
    "https://POLICE.Example/Hooks?key=A%20b",
    "https://a.b.police.example/x/y-z_~!$&'()*+,;=:@",
    "https://hooks.school.example/?a=1&b=2",
    "https://xn--mnchen-3ya.example/",
    "https://169.254.169.254.police.example/",
]

# fmt: off
HOSTILE_URLS = [
    # scheme and port
    "http://police.example/", "ftp://police.example/", "file:///etc/passwd", "gopher://police.example/",
    "javascript:alert(1)", "//police.example/", "police.example/hooks", "https:police.example/",
    "https:/police.example/", "https:///police.example/", "https://police.example:80/",
    "https://police.example:8443/", "https://police.example:0443/", "https://police.example:65979/",
    "https://police.example:/", "https://police.example:443a/", "https://police.example:+443/",
    # somebody else's domain
    "https://example.com/", "https://notpolice.example/", "https://police.example.attacker.net/",
    "https://school.example/", "https://police.example@attacker.net/", "https://example/", "https://police/",
    # user name, password, fragment
    "https://user@police.example/", "https://user:pass@police.example/", "https://@police.example/",
    "https://127.0.0.1@police.example/", "https://police.example%40attacker.net/",
    "https://police.example#@attacker.net/", "https://police.example/#fragment",
    # parsers that disagree
    "https://police.example\\@attacker.net/", "https:\\\\police.example/", "https://police.example\\.attacker.net/",
    "https://police.example;@attacker.net/", "https://police.example /", " https://police.example/",
    "https://police.example/ ", "https://police.example/\r\nX-Injected: 1", "https://police.example/\n",
    "https://police.example/\x00", "https://police.example\t/", "https://police.example/a b",
    'https://police.example/"', "https://police.example/<script>", "https://police.example/%zz",
    "https://police.example/{id}", "https://police.example/é",
    # host names in odd spellings
    "https://police.example./", "https://.police.example/", "https://police..example/", "https://-police.example/",
    "https://po_lice.example/", "https://police.examp\u2113e/", "https://ⓟolice.example/",
    "https://police。example/", "https://p\u00f6lice.example/", "https://p%6flice.example/",
    "https://münchen.example/", "https://" + "a" * 64 + ".police.example/",
    "https://" + "a." * 130 + "police.example/",
    # IP literals in every spelling
    "https://127.0.0.1/", "https://8.8.8.8/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/", "https://0/", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.0x0.0x0.0x1/", "https://017700000001/", "https://0177.0.0.1/",
    "https://127.0.0.1./", "https://127.0x0.1/", "https://①②⑦.⓪.⓪.①/", "https://255.255.255.255/",
    "https://3232235777/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fc00::1]/", "https://[ff02::1]/",
    "https://[2606:4700:4700::1111]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::1]:443/", "https://::1/",
    "https://[police.example]/",
    # this machine by name
    "https://localhost/", "https://localhost.localdomain/", "https://LOCALHOST/", "http://localhost:8000/",
    # nothing at all, and too much
    "", "https://", "https://?", "https://police.example/" + "a" * 2000,
]
# fmt: on


@pytest.mark.parametrize("url", GOOD_URLS)
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_good_urls(url: str, allow_loopback: bool) -> None:
    """An https URL on 443 at an approved domain, or below it, is taken."""
    check_url(url, approved=APPROVED, allow_loopback=allow_loopback)


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_hostile_urls(url: str) -> None:
    """Everything else is refused, with a reason at /url that does not repeat it."""
    with pytest.raises(AddressRefused) as refused:
        check_url(url, approved=APPROVED, allow_loopback=False)
    (error,) = refused.value.errors
    assert error.pointer == "/url"
    assert len(url) < 4 or url not in error.detail


def test_table_is_long_enough() -> None:
    """The table holds at least sixty different hostile URLs."""
    assert len(set(HOSTILE_URLS)) >= 60


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9000/hooks",
        "http://127.0.0.1:9000/hooks",
        "http://[::1]:9000/",
        "https://localhost:9443/",
        "http://LOCALHOST/",
    ],
)
def test_loopback_is_for_the_demo(url: str) -> None:
    """Loopback receivers are taken on any port where the setting allows them, and only there."""
    check_url(url, approved=(), allow_loopback=True)
    with pytest.raises(AddressRefused):
        check_url(url, approved=("localhost", "127.0.0.1", *APPROVED), allow_loopback=False)


LOOPBACK_ONLY = {
    "http://localhost:8000/", "https://localhost/", "https://LOCALHOST/", "https://127.0.0.1/", "https://[::1]/",
    "https://[::1]:443/",
}  # fmt: skip


@pytest.mark.parametrize("url", sorted(set(HOSTILE_URLS) - LOOPBACK_ONLY))
def test_allowing_loopback_allows_nothing_else(url: str) -> None:
    """The demo's setting opens this machine in its usual spellings, and no other address."""
    with pytest.raises(AddressRefused):
        check_url(url, approved=APPROVED, allow_loopback=True)


@given(url=st.text(max_size=60) | st.from_regex(r"https://[ -~]{1,30}", fullmatch=True))
def test_any_text_is_decided(url: str) -> None:
    """Whatever is given, the answer is a refusal or an approved domain; nothing else escapes."""
    try:
        check_url(url, approved=APPROVED, allow_loopback=False)
    except AddressRefused:
        return
    host = url.removeprefix("https://").partition("/")[0].partition(":")[0].partition("?")[0].lower()
    assert any(host == domain or host.endswith("." + domain) for domain in APPROVED)


# fmt: off
FORBIDDEN_ADDRESSES = [
    "0.0.0.0",  # noqa: S104 - to be refused
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::", "2002:808:808::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
]
# fmt: on


@pytest.mark.parametrize("address", FORBIDDEN_ADDRESSES)
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_forbidden_addresses(address: str, allow_loopback: bool) -> None:
    """A public name never leads to a special-purpose, translated or multicast address."""
    with pytest.raises(AddressRefused):
        check_address(address, host="police.example", allow_loopback=allow_loopback)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_global_unicast(address: str) -> None:
    """Addresses of the public internet are taken."""
    assert is_global_unicast(ip_address(address))
    check_address(address, host="police.example", allow_loopback=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "police"])
def test_loopback_name_leads_to_this_machine_only(address: str) -> None:
    """Where loopback is allowed, `localhost` may not be made to mean somewhere else."""
    check_address("127.0.0.1", host="localhost", allow_loopback=True)
    with pytest.raises(AddressRefused):
        check_address(address, host="localhost", allow_loopback=True)


class Rebinding(AbstractResolver):
    """Answers each question with the next of its answers, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def test_rebinding_name() -> None:
    """A name that was good once is refused when it turns to a private address."""
    resolver = GuardedResolver(Rebinding(["8.8.8.8"], ["10.0.0.1"]), allow_loopback=False)
    assert [found["host"] for found in await resolver.resolve("police.example", 443)] == ["8.8.8.8"]
    for _ in range(3):
        with pytest.raises(AddressRefused):
            await resolver.resolve("police.example", 443)


@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["1.1.1.1", "::1"], []])
async def test_every_address_is_checked(addresses: list[str]) -> None:
    """One forbidden address among good ones refuses the name, wherever it stands; so does none at all."""
    resolver = GuardedResolver(Rebinding(addresses), allow_loopback=True)
    with pytest.raises(AddressRefused):
        await resolver.resolve("police.example", 443)


async def test_closing_reaches_the_inner_resolver() -> None:
    """The guard owns what it wraps."""
    inner = Rebinding(["8.8.8.8"])
    await GuardedResolver(inner, allow_loopback=False).close()
    assert inner.closed
