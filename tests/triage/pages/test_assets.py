"""What browsers load: hashed names, nothing of GOV.UK's brand, and all of it in the package."""

import json
import re
from pathlib import Path

import pytest

from deploy import assets
from tests.conftest import ROOT

STATIC = ROOT / "services" / "triage" / "static"


def test_the_brand_is_gone() -> None:
    """Neither typeface nor crest of GOV.UK is in what was built, and every name carries its hash."""
    built = [path for path in STATIC.iterdir() if path.name != "manifest.json"]
    assert {path.name for path in built} == set(json.loads((STATIC / "manifest.json").read_text()).values())
    for path in built:
        assert re.fullmatch(r"[a-z.-]+-[0-9a-f]{16}\.(css|js|svg|txt)", path.name)
        assert not assets.NOT_OURS.search(path.read_text()), path.name


def test_files_name_each_other_by_their_hash() -> None:
    """Style sheets and scripts lead to files that are there, beside them."""
    for path in STATIC.glob("*.*"):
        for named in re.findall(r'url\(([^)]+)\)|from\s?"\./([^"]+)"', path.read_text()):
            target = named[0] or named[1]
            assert target.startswith(('"data:', "data:")) or (STATIC / target).is_file(), f"{path.name}: {target}"


@pytest.mark.parametrize("css", ["a{font-family:'gds transport'}", "@font-face{src:url(x.woff2)", "a{b:govuk-crest}"])
def test_the_build_stops_at_what_is_not_ours(tmp_path: Path, css: str) -> None:
    """A style sheet in which the brand remains ends the build with what was found."""
    with pytest.raises(SystemExit, match="not ours to use"):
        assets.Folder(tmp_path / "static").add_css("new.css", css, tmp_path)


def test_the_licence_comes_along() -> None:
    """The notice of the MIT licence is among the files."""
    (notice,) = STATIC.glob("notices-*.txt")
    assert "MIT License" in notice.read_text()
