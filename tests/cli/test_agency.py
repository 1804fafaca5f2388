"""`frontdoor agency`: an agency is registered with what the hub knows of, or not at all."""

from pathlib import Path

import pytest

from services.__main__ import main


def test_a_source_that_the_hub_does_not_have_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each referral of such an agency would carry a code that nobody knows; the codes that there are are named."""
    words = ("agency", "register", "a-school", "--name", "A school", "--source", "2a", "--data-dir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["frontdoor", *words])
    with pytest.raises(SystemExit) as refused:
        main()
    assert str(refused.value.code).startswith("frontdoor: The hub has no source 2a. Give one of: 1A, 1B, ")
    assert not list(tmp_path.iterdir())
