"""The strict reader: what it takes for what, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from services.triage.thresholds.complaints import PolicyError
from services.triage.thresholds.reading import MAX_BYTES, read


def _read(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def _refusal(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    with pytest.raises(PolicyError) as refused:
        read(path)
    return str(refused.value)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("true", True),
        ("false", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("010", "010"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("+7", "+7"),
        ("٣", "٣"),
        ("9" * 19, "9" * 19),
        ("4.10", "4.10"),
        ("2026-01-01", "2026-01-01"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("null", None),
        ("~", None),
        ("", None),
        ("[1, a, true]", [1, "a", True]),
        ("{b: {c: []}}", {"b": {"c": []}}),
    ],
)
def test_a_value_is_what_it_looks_like(tmp_path: Path, written: str, taken: object) -> None:
    """Only true and false are booleans, only plain digits are numbers, everything else is text."""
    value = _read(tmp_path, f"key: {written}\n").tree["key"]
    assert (value, type(value)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"a: 1\nb: &x 2\n", 2, "anchors, aliases"),
        (b"a: &x [1]\nb: *x\n", 2, "anchors, aliases"),
        (b"a: !!str 1\n", 1, "a tag"),
        (b"a: !!python/object/apply:os.system [ls]\n", 1, "a tag"),
        (b"a:\n  <<: {b: 1}\n", 2, "merge key"),
        (b"a: 1\nb: 2\na: 3\n", 3, '"a" stands here twice'),
        (b"a: 1\n---\nb: 2\n", 2, "A second document"),
        (b"? [1, 2]\n: 3\n", 1, "A name is expected"),
        (b"a: [1\nb: 2\n", 2, "This is not YAML"),
        (b"a: 1\n\tb: 2\n", 2, "This is not YAML"),
        (b"a: 1\nb: \x00\n", 2, "This is not YAML"),
        (b"a: 1\nb: [1, 2", 2, "This is not YAML"),
        (b"a: 1\nb: \xff\n", 2, "This is not UTF-8"),
        (b"[" * 200_000, 1, "nested too deeply"),
        (b"a: " + b"{b: " * 40 + b"1" + b"}" * 40, 1, "nested too deeply"),
        (b"#" * (MAX_BYTES + 1), 1, "larger than 256 kB"),
    ],
)
def test_what_surprises_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int, words: str) -> None:
    """Aliases, tags, merge keys, repeated keys, second documents and broken text name their line."""
    told = _refusal(tmp_path, content)
    assert any(one.startswith(f"policy.yaml:{line}: ") and words in one for one in told.splitlines())


def test_every_surprise_is_told_at_once(tmp_path: Path) -> None:
    """One reading lists all that is wrong, in the order of the lines."""
    told = _refusal(tmp_path, b"a: !!int 1\na: 2\nb: &x 3\n").splitlines()
    assert [line.split(":")[1] for line in told] == ["1", "2", "3"]


def test_a_file_that_is_not_there_is_a_complaint(tmp_path: Path) -> None:
    """A wrong path is told like any other mistake."""
    with pytest.raises(PolicyError, match="cannot be opened"):
        read(tmp_path / "nowhere.yaml")


def test_each_key_and_item_remembers_its_line(tmp_path: Path) -> None:
    """A place that is not there has the line of the nearest thing around it."""
    source = _read(tmp_path, "a: 1\nb:\n  - c: 2\n    d: 3\n  - e\n")
    places: list[tuple[tuple[str | int, ...], int]] = [
        (("a",), 1),
        (("b",), 2),
        (("b", 0, "c"), 3),
        (("b", 0, "d"), 4),
        (("b", 1), 5),
        (("b", 0, "missing", 7), 3),
    ]
    assert [source.line(place) for place, _ in places] == [line for _, line in places]
