"""Where no broker can be started, the suite says so; on CI it does not pass for that."""

from pathlib import Path

import pytest

from tests.kafka.broker import need_kafka


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)], ids=["on CI", "elsewhere"]
)
def test_missing_jars_are_told(
    ci: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Kafka's jars the tests fail on CI and are skipped elsewhere, with the same reason."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("tests.kafka.broker.JARS", tmp_path)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/java")
    with pytest.raises(outcome, match="make setup"):
        need_kafka()
