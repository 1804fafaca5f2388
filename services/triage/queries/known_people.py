"""Who is known already of the people in referrals: looked up by blind index, opened, and compared.

However many cases there are, a key is followed to the newest few, and a referral compared with no more than that.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, bindparam, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.matching import Person, address_keys, effort_of, keys_of, people_of, probes_of
from services.triage.models import Case
from shared.loop import give_way
from shared.vault import Vault

MOST_CASES = 20
"""So many of the newest cases a key is followed to, and a referral compared with."""

MOST_PEOPLE = 100
"""And to no more people of these."""

UNRELATED_FAMILIES = 3
"""From so many other families on, an address says nothing of who is who."""

MOST_BYTES = 1 << 19
"""So much of the sealed records of earlier cases is opened for a batch; what is larger is opened for one alone."""

MOST_BYTES_ALONE = 1 << 30

PROVING = frozenset({"nhs_number", "upn"})

# The newest first by the key's own index; ids are made in the order of time. Cases are counted and not people, or one
# with twenty people of a name would hide all before it.
_LOOK_UP = text(
    """
    SELECT sought.digest, found.case_id, found.person
    FROM unnest(:digests) AS sought (digest)
    CROSS JOIN LATERAL (
        SELECT case_id, person FROM (
            SELECT case_id, person, dense_rank() OVER (ORDER BY case_id DESC) AS nth
            FROM person_keys WHERE person_keys.digest = sought.digest) ranked
        WHERE nth <= :most LIMIT :most_people) AS found
    """
).bindparams(bindparam("digests", type_=ARRAY(LargeBinary)), most_people=MOST_PEOPLE)
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended("matching", 0)))
_size = func.octet_length(Case.details)
_size_so_far = func.sum(_size).over(order_by=(_size, Case.id))
# The smallest first, so that a large record keeps no other from being opened.
_CASES = (
    select(
        Case.id, Case.received_at, Case.status, Case.owner, Case.decided_at, Case.decided_level,
        case((_size_so_far <= bindparam("most_bytes"), Case.details)).label("details"),
    )
    .where(Case.id.in_(bindparam("ids", expanding=True)), Case.details.is_not(None))
)  # fmt: skip

Pair = tuple[Person, Person]


@dataclass(frozen=True)
class Profile:
    """The people of one referral by pointer, what is kept of them, and what they are looked for by.

    `kept` are (digest, kind, pointer); `proving` are the digests of numbers.
    """

    people: Mapping[str, Person]
    kept: Sequence[tuple[bytes, str, str]]
    probes: Mapping[bytes, frozenset[str]]
    proving: frozenset[bytes]
    addresses: Mapping[bytes, str]


@dataclass(frozen=True)
class KnownCase:
    """An earlier case with its people, as far as matching and history need it."""

    id: UUID
    received_at: datetime
    status: str
    people: Mapping[str, Person]
    owner: str | None = None
    decided_at: datetime | None = None
    decided_level: int | None = None


@dataclass
class KnownPeople:
    """What was found: by digest the cases and pointers that share it, newest first, and these cases.

    `unread` are cases that were found and too large to be opened for a batch.
    """

    hits: dict[bytes, list[tuple[UUID, str]]] = field(default_factory=lambda: defaultdict(list))
    cases: dict[UUID, KnownCase] = field(default_factory=dict)
    unread: set[UUID] = field(default_factory=set)

    def add(self, case: KnownCase, profile: Profile) -> None:
        """Let those after it in the batch find this case too."""
        self.cases[case.id] = case
        for digest, _, pointer in profile.kept:
            self.hits[digest].insert(0, (case.id, pointer))
            del self.hits[digest][MOST_PEOPLE:]


@dataclass(frozen=True)
class Candidates:
    """Whom a referral is compared with: pairs by earlier case, the newest first, and the addresses that say nothing.

    `is_whole` is false where a case could not be opened.
    """

    pairs: Sequence[tuple[KnownCase, Sequence[Pair]]]
    crowded: frozenset[str]
    is_whole: bool

    @property
    def effort(self) -> int:
        return sum(effort_of(*pair) for _, pairs in self.pairs for pair in pairs)


def profile_of(vault: Vault, referral: Mapping[str, Any], received_at: datetime) -> Profile:
    people = people_of(referral, received_at)
    kept = [(vault.blind(*key), key.kind, person.pointer) for person in people for key in sorted(keys_of(person))]
    probes: dict[bytes, frozenset[str]] = defaultdict(frozenset)
    for person in people:
        for key in probes_of(person):
            probes[vault.blind(*key)] |= {person.pointer}
    addresses = {vault.blind(*key): address for key, address in address_keys(people).items()}
    kept += [(digest, "address", "") for digest in addresses]
    proving = frozenset(digest for digest, kind, _ in kept if kind in PROVING)
    return Profile({person.pointer: person for person in people}, kept, probes, proving, addresses)


async def lock_matching(session: AsyncSession) -> None:
    """Let nobody else search for people, or keep them, until the transaction ends."""
    await session.execute(_LOCK)


async def find_known(
    session: AsyncSession, vault: Vault, profiles: Sequence[Profile], *, alone: bool = False
) -> KnownPeople:
    """Return what is known of the people in these referrals.

    Until the transaction ends nobody else searches: of two referrals about one child the later one finds the earlier.
    One `alone` whose people are kept already, under that lock, needs none, and opens whatever it finds. Others have
    their turn of the loop after each case that is opened.
    """
    known = KnownPeople()
    digests = sorted({digest for profile in profiles for digest in (*profile.probes, *profile.addresses)})
    if not digests:
        return known
    if not alone:
        await lock_matching(session)
    for digest, case_id, person in await session.execute(_LOOK_UP, {"digests": digests, "most": MOST_CASES}):
        known.hits[digest].append((case_id, person))
    wanted = {case_id for profile in profiles for case_id in _likeliest(profile, known.hits)}
    if wanted:
        sought = {"ids": sorted(wanted), "most_bytes": MOST_BYTES_ALONE if alone else MOST_BYTES}
        for row in (await session.execute(_CASES, sought)).all():
            if row.details is None:
                known.unread.add(row.id)
            else:
                known.cases[row.id] = _known_case(vault, row)
                await give_way()
    return known


def _known_case(vault: Vault, row: Any) -> KnownCase:
    people = people_of(vault.open("cases", row.id, row.details), row.received_at)
    by_pointer = {person.pointer: person for person in people}
    return KnownCase(row.id, row.received_at, row.status, by_pointer, row.owner, row.decided_at, row.decided_level)


def _likeliest(profile: Profile, hits: Mapping[bytes, Iterable[tuple[UUID, str]]]) -> Sequence[UUID]:
    """Return the cases worth comparing: those that share a number, then those that share most, then the newest."""
    shared: Counter[UUID] = Counter()
    for digest in profile.probes:
        for case_id in {case_id for case_id, _ in hits.get(digest, ())}:
            shared[case_id] += 100 if digest in profile.proving else 1
    return sorted(shared, key=lambda case_id: (shared[case_id], case_id), reverse=True)[:MOST_CASES]


def candidates_of(profile: Profile, known: KnownPeople, but: Collection[UUID] = ()) -> Candidates:
    """Return who of the referral shares a key with whom of the earlier cases, except those in `but`."""
    pairs: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for digest, mine in profile.probes.items():
        for case_id, theirs in known.hits.get(digest, ()):
            pairs[case_id] |= {(pointer, theirs) for pointer in mine}
    likeliest = sorted({*_likeliest(profile, known.hits)}.difference(but), reverse=True)
    opened = [known.cases[case_id] for case_id in likeliest if case_id in known.cases]
    found = [
        (earlier, [(profile.people[one], earlier.people[other])
                   for one, other in sorted(pairs[earlier.id]) if other in earlier.people])
        for earlier in opened
    ]  # fmt: skip
    return Candidates(found, _crowded(profile, known, pairs.keys()), known.unread.isdisjoint(likeliest))


def _crowded(profile: Profile, known: KnownPeople, related: Iterable[UUID]) -> frozenset[str]:
    """Return the addresses at which several families are known who share nothing else with this one."""
    families = set(related)
    return frozenset(
        address
        for digest, address in profile.addresses.items()
        if len({case_id for case_id, _ in known.hits.get(digest, ())} - families) >= UNRELATED_FAMILIES
    )
