"""Postcodes: learned from whatever release of the ONS's directory, and what they tell."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from services.triage.actions.postcodes import import_postcodes, read_postcodes
from services.triage.domain import PostcodesUnreadable
from shared.db import transaction
from shared.settings.hub import Hub
from tests.triage.conftest import Front, example
from tests.triage.directory import names

COUNCILS = frozenset({"E06000061", "E06000062"})
ONS = """pcds,oslaua,lat,long
NN12 6XX,E06000062,52.1330,-0.9900
NN12 6XY,E06000155,52.1331,-0.9901
NN7 1AA,E06000062,52.2000,-1.0000
NN17 1AA,E06000061,99.999999,0.000000
AB1 0AA,S12000033,57.1,-2.1
"""
ONE = {"postcode": "NN67AA", "council": "E06000062", "latitude": 52.3, "longitude": -0.98}


async def load_postcodes(front: Front, hub: Hub, tmp_path: Path) -> int:
    file = tmp_path / "ons.csv"
    file.write_text(ONS)
    async with transaction(front.db) as session:
        return await import_postcodes(session, file, frozenset(hub.councils))


async def test_what_is_near_a_postcode(front: Front, hub: Hub, tmp_path: Path) -> None:
    """Within so many metres there is the hub of the town; where a postcode lies has to be known for it."""
    near = "/service_at_locations?postcode=NN12 6XX&proximity="
    assert (await front.http.get(f"{near}100")).status_code == 422
    await load_postcodes(front, hub, tmp_path)
    assert await names(front, f"{near}100") == {"Towcester Family Hub"}
    assert await names(front, "/service_at_locations?postcode=NN7 1AA&proximity=100") == set()
    assert await names(front, "/service_at_locations?postcode=NN7 1AA&proximity=9000") == {"Towcester Family Hub"}


async def test_postcodes_of_the_hubs_districts_are_learned(front: Front, hub: Hub, tmp_path: Path) -> None:
    """Neighbours' postcodes of a shared district count too, those of other districts do not; they tell the council."""
    referral = example("03")
    referral["children"][0]["address"]["postcode"] = "nn7-1aa"
    assert (await front.case_of(await front.submit(referral)))["council"] is None
    assert await load_postcodes(front, hub, tmp_path) == 4
    assert (await front.case_of(await front.submit(referral)))["council"] == "E06000062"
    referral["children"][0]["address"]["postcode"] = "NN12 6XY"
    assert (await front.case_of(await front.submit(referral)))["council"] == "E06000155"


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("pcd7,pcd8,pcds,dointr,doterm,cty25cd,lad25cd,wd25cd,east1m,lat,long",
         "NN6 7AA,NN6  7AA,NN6 7AA,198001,,E99999999,E06000062,E05013001,470000,52.3,-0.98"),
        ("PCD,PCD2,PCDS,DOTERM,OSLAUA,LAT,LONG", "NN6 7AA,NN6  7AA,NN6 7AA,,E06000062,52.3,-0.98"),
        ("\ufeffpcd,doterm,laua,lat,long", "NN6 7AA,,E06000062,52.3,-0.98"),
        ('"pcd8","lad31cd","long","lat"', '"NN6  7AA","E06000062","-0.98","52.3"'),
        ("postcode,lad24cd,latitude,longitude", "nn67aa,E06000062,52.3,-0.98"),
        ("pcds,doterm,oslaua,lat,long", "NN6 7AA,202001,E06000062,52.3,-0.98"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_columns_are_found_by_what_they_are(tmp_path: Path, header: str, line: str, packed: bool) -> None:
    """Whatever the release's number and case, with a byte order mark or without, plain or in a ZIP file."""
    assert read_postcodes(_file(tmp_path, f"{header}\n{line}\n", packed=packed), COUNCILS) == [ONE]


def test_a_postcode_in_use_wins_over_one_that_ended(tmp_path: Path) -> None:
    """Of two lines for one postcode the one without a date of termination counts, whatever their order."""
    ended, used = "NN6 7AA,201001,E06000061,52,-1", "NN6 7AA,,E06000062,52.3,-0.98"
    for lines in ([ended, used], [used, ended]):
        file = _file(tmp_path, "\n".join(["pcds,doterm,lad25cd,lat,long", *lines]))
        assert read_postcodes(file, COUNCILS) == [ONE]


@pytest.mark.parametrize("degrees", ["99.999999,0.0", "nan,0", "-inf,0", ",", "52,200", "north,west", '"52'])
def test_what_is_no_place_is_none(tmp_path: Path, degrees: str) -> None:
    """A postcode whose place is not given, or cannot be, still tells its council."""
    (row,) = read_postcodes(_file(tmp_path, f"pcds,oslaua,lat,long\nNN6 7AA,E06000062,{degrees}\n"), COUNCILS)
    assert (row["council"], row["latitude"], row["longitude"]) == ("E06000062", None, None)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("postcodes,council\n", "lacks a column: pcds, pcd8, pcd7 or pcd; oslaua or, of any year, lad25cd."),
        ("pcds,cty25cd\n", "lacks a column: oslaua or, of any year, lad25cd. Its columns are: pcds, cty25cd."),
        ("", "Its columns are: none."),
        ("pcds,oslaua\nAB1 0AA,S12000033\n", "has no postcode of E06000061, E06000062."),
        ("pcds,oslaua\n,E06000062\nNN6 7AA\n", "has no postcode of E06000061, E06000062."),
        (b"\xff\xfe\x00", "is no CSV file, nor a ZIP file with one, that can be read."),
        (b'pcds,oslaua\n"' + b"x" * 200_000, "is no CSV file, nor a ZIP file with one, that can be read."),
        (None, "is no CSV file, nor a ZIP file with one, that can be read."),
    ],
)
def test_a_file_without_postcodes_is_refused(tmp_path: Path, content: str | bytes | None, complaint: str) -> None:
    """The columns that were looked for are named, and those that are there."""
    with pytest.raises(PostcodesUnreadable) as refused:
        read_postcodes(_file(tmp_path, content), COUNCILS)
    assert complaint in refused.value.detail
    assert "\n" not in refused.value.detail


def test_the_right_file_of_a_pack_is_read(tmp_path: Path) -> None:
    """Beside the postcodes lie lists of names, and the same postcodes again by area: the largest that fits is read."""
    file = _file(tmp_path, "pcds,lad25cd,lat,long\nNN6 7AA,E06000062,52.3,-0.98\n", packed=True)
    with ZipFile(file, "a") as pack:
        pack.writestr("Documents/names.csv", "lad25cd,lad25nm\n" + "E06000062,West Northamptonshire\n" * 99)
        pack.writestr("Data/multi_csv/AB.csv", "pcds,lad25cd,lat,long\n")
        pack.writestr("User Guide.pdf", b"%PDF" * 999)
    assert read_postcodes(file, COUNCILS) == [ONE]


def test_a_pack_without_a_table_is_refused(tmp_path: Path) -> None:
    """A ZIP file that holds no CSV says so."""
    with ZipFile(tmp_path / "ons.zip", "w") as pack:
        pack.writestr("User Guide.pdf", b"%PDF")
    with pytest.raises(PostcodesUnreadable) as refused:
        read_postcodes(tmp_path / "ons.zip", COUNCILS)
    assert "holds no CSV file" in refused.value.detail


def _file(folder: Path, content: str | bytes | None, *, packed: bool = False) -> Path:
    file = folder / ("ons.zip" if packed else "ons.csv")
    if packed and isinstance(content, str):
        with ZipFile(file, "w") as pack:
            pack.writestr("Data/ONSPD_NOV_2025_UK.csv", content)
    elif content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file
