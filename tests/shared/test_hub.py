"""The starter hub as data: it loads, and what is wrong in a hub is named."""

import shutil
from pathlib import Path

import pytest

from shared.settings.files import HubUnreadable
from shared.settings.hub import Hub, load_hub
from tests.conftest import HUB_FOLDER


def copy_of_hub(folder: Path, **replacements: str) -> Path:
    shutil.copytree(HUB_FOLDER, folder, dirs_exist_ok=True)
    text = (folder / "hub.yaml").read_text(encoding="utf-8")
    for old, new in replacements.items():
        text = text.replace(old, new)
    (folder / "hub.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_starter_hub_loads(hub: Hub) -> None:
    """Two councils, their districts, and demo webhooks without verification."""
    assert set(hub.councils) == {"E06000061", "E06000062"}
    assert "NN12" in hub.districts["E06000062"]
    assert "NN17" in hub.districts["E06000061"]
    assert not {"NN6", "NN7", "NN9", "NN29"} & {name for names in hub.districts.values() for name in names}
    assert hub.webhooks.verification_required is False


def test_every_route_has_its_texts(hub: Hub) -> None:
    """What the referrer reads is there for each route of the starter policy."""
    routes = {
        "universal_advice",
        "family_hub",
        "targeted_early_help",
        "section_17_assessment",
        "strategy_discussion",
    }
    assert set(hub.feedback) == set(hub.next_step) == routes


def test_telephone_numbers_are_fictional(hub: Hub) -> None:
    """Every number lies in a range kept free for drama, save the emergency number."""
    phones = hub.phones
    assert phones.emergency.phone == "999"
    assert all(entry.phone.startswith("01632 960") for entry in (phones.in_hours, phones.out_of_hours))


COUNTS = {
    "referral_source": 22,
    "sex": 3,
    "ethnicity": 20,
    "disability": 13,
    "household_relationship": 12,
    "role_in_concern": 6,
    "primary_need": 10,
    "assessment_factor": 42,
    "upn_unknown_reason": 7,
    "indicators": 66,
}


@pytest.mark.parametrize(("name", "count"), list(COUNTS.items()))
def test_code_lists_are_whole(name: str, count: int, hub: Hub) -> None:
    """Each code set has all its codes, once each, and its file is named after it."""
    entry = hub.code_lists[name]
    assert entry.name == name
    assert len(entry.codes) == len(set(entry.codes)) == count


def test_retired_factors_are_not_offered(hub: Hub) -> None:
    """There is no factor 8A, and 18A and 19A are retired."""
    assert not {"8A", "18A", "19A"} & set(hub.code_lists["assessment_factor"].codes)


@pytest.mark.parametrize(("code", "taken"), [("pol", True), ("xnr", True), ("pl", False), ("POL", False)])
def test_languages_are_taken_by_shape(code: str, taken: bool, hub: Hub) -> None:
    """Any three small letters are taken as a language, listed or not."""
    assert hub.code_lists["first_language"].takes(code) is taken


def test_indicators_carry_their_level(hub: Hub) -> None:
    """Level-4 indicators are known by name, so that they can call for a telephone call."""
    assert "injury_non_mobile_child" in hub.level_4_indicators
    assert "attendance_slipping" not in hub.level_4_indicators


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name: North", "nome: North", "nome"),
        ('mon: ["08:30", "17:00"]', 'mon: ["17:00", "08:30"]', "opening_hours"),
        ("E06000061: North Northamptonshire", "", "districts"),
        ("staff: []", "staff: [{sub: lado, name: L, roles: [manager]}]", "staff, teams"),
        ("staff: []", "staff: [{sub: x, name: X, roles: [referrer]}]", "staff.0.roles"),
        ("staff: []", "staff: [{sub: x, name: X, roles: []}]", "staff.0.roles"),
        ("amber: {hours: 6}", "", "partner_reply"),
        ("amber: {hours: 6}", "amber: {hours: 6, working_days: 1}", "partner_reply"),
        ("Europe/London", "Europe/Towcester", "time_zone"),
        ("Europe/London", "[Europe", "hub.yaml"),
    ],
)
def test_a_broken_hub_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    """A mistake in the hub's files stops the start with the place where it is."""
    with pytest.raises(HubUnreadable) as refused:
        load_hub(copy_of_hub(tmp_path, **{old: new}))
    assert named in refused.value.detail
    assert "\n" not in refused.value.detail
