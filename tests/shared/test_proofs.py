"""Proofs that are no good: refused unseen once an address sends too many, and never at the cost of good ones."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from fastapi import Request
from structlog.testing import capture_logs

from shared.allowances import Rate
from shared.problems import Forbidden, TooManyRequests, Unauthorized
from shared.security import FailedProofs, Proof
from shared.security.proofs import ADDRESSES_REMEMBERED, LOOKS, PROOFS_REMEMBERED, address_of

HERE, THERE = "192.0.2.1", "192.0.2.2"


@dataclass
class Address:
    """Sends proofs from one address, and counts how many were looked at."""

    proofs: FailedProofs
    host: str = HERE
    proof: Proof = Proof.TOKEN
    looks: int = 0

    def send(self, secret: str, *, good: bool = False, plausible: bool = True) -> int:
        """Return the status of the answer."""
        counted = self.proofs.counted(
            coming_from(self.host), self.proof, Unauthorized, secret=secret, is_plausible=lambda: plausible
        )
        try:
            with counted:
                self._look(good=good)
        except (Unauthorized, TooManyRequests) as problem:
            return problem.status
        return 200

    def _look(self, *, good: bool) -> None:
        self.looks += 1
        if not good:
            raise Unauthorized


@dataclass
class Watch:
    """A clock that stands until it is moved."""

    now: float = 1000.0
    proofs: FailedProofs = field(init=False)

    def __post_init__(self) -> None:
        self.proofs = FailedProofs(Rate(3, 0.5), lambda: self.now)


def coming_from(host: str | None) -> Request:
    return Request({"type": "http", "headers": [], "client": (host, 1) if host is not None else None})


def refusal(send: Callable[[], object]) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as caught:
        send()
    return caught.value


def test_what_cannot_be_good_is_not_looked_at_beyond_the_burst() -> None:
    """Three are looked at and refused, every further one is refused unseen."""
    here = Address(Watch().proofs)

    assert [here.send("bad", plausible=False) for _ in range(6)] == [401] * 3 + [429] * 3
    assert here.looks == 3


def test_a_good_proof_gets_in_though_its_address_sends_too_many() -> None:
    """Also one that was never seen before; and it uses nothing up."""
    here = Address(Watch().proofs)
    assert [here.send("forged") for _ in range(4)] == [401, 401, 401, 429]

    assert [here.send(f"good-{number}", good=True) for number in range(100)] == [200] * 100
    assert here.send("forged") == 429


def test_what_could_be_good_is_looked_at_for_some_bursts_and_no_more() -> None:
    """Then a forger costs nothing any more; what was found good before gets in still."""
    here = Address(Watch().proofs)
    assert here.send("mine", good=True) == 200

    assert [here.send("forged") for _ in range(100)] == [401] * 3 + [429] * 97
    assert here.looks == 1 + 3 * LOOKS
    assert here.send("new", good=True) == 429
    assert here.send("mine", good=True) == 200


def test_it_is_looked_at_again_as_the_rate_says() -> None:
    """One in two seconds, however long the address went on; `Retry-After` says when."""
    watch = Watch()
    here = Address(watch.proofs)
    for _ in range(5):
        here.send("bad", plausible=False)
    unseen = watch.proofs.counted(coming_from(HERE), Proof.TOKEN, Unauthorized, is_plausible=lambda: False)

    assert refusal(unseen.__enter__).retry_after_seconds == 2
    watch.now += 2
    assert [here.send("bad", plausible=False) for _ in range(3)] == [401, 429, 429]


def test_good_proofs_are_never_counted() -> None:
    """A thousand leave what three failures are worth."""
    here = Address(Watch().proofs)
    assert {here.send(f"good-{number}", good=True) for number in range(1000)} == {200}

    assert [here.send("bad", plausible=False) for _ in range(4)] == [401, 401, 401, 429]


def test_what_was_good_is_looked_at_as_any_other_once_it_is_not() -> None:
    """A token that has expired is no way past the limit."""
    here = Address(Watch().proofs)
    here.send("mine", good=True)
    statuses = [here.send("mine", plausible=False) for _ in range(6)]

    assert statuses == [401] * 3 + [429] * 3
    assert here.looks == 1 + 3


def test_other_addresses_and_other_proofs_are_counted_apart() -> None:
    """Nobody is refused for a neighbour's failures, nor a sign-in for tokens'."""
    proofs = Watch().proofs
    assert [Address(proofs).send("bad", plausible=False) for _ in range(4)][-1] == 429

    assert Address(proofs, THERE).send("bad", plausible=False) == 401
    assert Address(proofs, HERE, Proof.ASSERTION).send("bad", plausible=False) == 401


def test_only_the_refusal_that_is_named_counts() -> None:
    """Whoever proves themselves and may not is 403 as often as they ask."""
    proofs = Watch().proofs
    for _ in range(10):
        with pytest.raises(Forbidden), proofs.counted(coming_from(HERE), Proof.TOKEN, Unauthorized):
            raise Forbidden


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    """Whatever is sent: an address or a good proof that lies longest is forgotten."""
    proofs = Watch().proofs
    here = Address(proofs)
    proofs.remember("mine")
    assert [here.send("bad") for _ in range(100)][-1] == 429
    assert here.send("mine", good=True) == 200
    for number in range(PROOFS_REMEMBERED):
        proofs.remember(str(number))
    assert here.send("mine", good=True) == 429

    for number in range(ADDRESSES_REMEMBERED):
        Address(proofs, f"10.0.{number >> 8}.{number & 255}").send("bad")
    assert here.send("bad") == 401


def test_an_address_is_logged_once_while_it_sends_too_many() -> None:
    """And anew when it begins again after its bucket was full."""
    watch = Watch()
    here = Address(watch.proofs)
    with capture_logs() as logs:
        for _ in range(20):
            here.send("bad")
        watch.now += 1000
        for _ in range(20):
            here.send("bad")

    assert [(line["event"], line["address"], line["type"]) for line in logs] == [
        ("too many failed proofs", HERE, "access_token")
    ] * 2


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("front-door", "front-door"),
        ("x" * 1000, "x" * 45),
        (None, ""),
    ],
)
def test_an_address_is_one_customers(host: str | None, address: str) -> None:
    """Of IPv6 everybody has 2**64; what is none is cut, and never refused."""
    assert address_of(coming_from(host)) == address
