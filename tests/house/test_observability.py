"""What is watched elsewhere is what the code shows: metrics, labels and targets of deploy/observability."""

import json
import re
from typing import Any

import pytest
import yaml

from services.notifications.domain.deliveries import DeliveryState
from services.triage.domain import CaseStatus
from services.triage.queries.cases import Due
from tests.conftest import ROOT
from tests.house.metrics import shown

FOLDER = ROOT / "deploy" / "observability"
PROMETHEUS_OWN = frozenset({"up", "instance", "job", "le"})
"""A metric and labels that Prometheus itself adds, and the label of a histogram's buckets."""
VALUES = {"5xx", *Due, *CaseStatus, *DeliveryState}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return found


def queries() -> list[tuple[str, str]]:
    """Return each query with the text that shows its labels."""
    alerts = [(rule["expr"], rule["annotations"]["summary"]) for rule in rules()]
    return alerts + [(target["expr"], target["legendFormat"]) for panel in panels() for target in panel["targets"]]


def labels_of(name: str) -> set[str]:
    return next((set(metric.labels) for metric in shown() if name in metric.series), set())


def test_every_metric_is_explained() -> None:
    """docs/metrics.md has the table that `python -m tests.house.metrics` prints, and nothing else in it."""
    text = (ROOT / "docs" / "metrics.md").read_text()
    assert re.findall(r"^\| `frontdoor_.*\|$", text, re.MULTILINE) == [metric.row for metric in shown()]


def test_no_label_could_hold_an_id() -> None:
    """Labels are of few values: no id, reference, name or agency."""
    few = {
        "method",
        "route",
        "status",
        "reader",
        "type",
        "outcome",
        "state",
        "service",
        "topic",
        "partition",
        "due",
        "kind",
        "allowance",
        "step",
    }
    assert {label for metric in shown() for label in metric.labels} <= few


@pytest.mark.parametrize(("query", "text"), queries(), ids=lambda value: value[:50])
def test_a_query_asks_for_what_is_shown(query: str, text: str) -> None:
    """Its metrics exist, each matcher is one of its metric's labels, and what it groups or shows by is there."""
    series = {name for metric in shown() for name in metric.series}
    named = re.findall(r"\b(frontdoor_\w+|up\b)(?:\{([^}]*)\})?", query)
    assert named
    for name, matchers in named:
        assert name in series | PROMETHEUS_OWN
        assert set(re.findall(r'(\w+)(?:=~|!~|!=|=)"', matchers)) <= labels_of(name) | PROMETHEUS_OWN
    assert set(re.findall(r'\b(?:due|state|status)!?="([^"]*)"', query)) <= VALUES
    there = set().union(*(labels_of(name) for name, _ in named)) | PROMETHEUS_OWN
    grouped = {label for group in re.findall(r"\bby \(([^)]*)\)", query) for label in group.split(", ")}
    assert grouped <= there
    kept = grouped if " by (" in query else set() if query.startswith(("max(", "sum(")) else there
    assert set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", text)) <= kept


def test_a_misspelt_metric_would_be_found() -> None:
    """The check of a query can fail: by a metric, a matcher, its value, a group, and what is shown."""
    for query, text in (
        ("max(frontdoor_clock)", ""),
        ('max(frontdoor_clocks{state="overdue"})', ""),
        ('max(frontdoor_clocks{due="late"})', ""),
        ("max by (agency) (frontdoor_clocks)", ""),
        ("max(frontdoor_clocks)", "{{due}}"),
    ):
        with pytest.raises(AssertionError):
            test_a_query_asks_for_what_is_shown(query, text)


def test_what_has_to_be_watched_is_watched() -> None:
    """What must not go unseen, clocks first of all, has an alert that says how grave it is."""
    watched = {name for rule in rules() for name in re.findall(r"frontdoor_\w+", rule["expr"])}
    assert watched >= {
        "frontdoor_clocks",
        "frontdoor_outbox_oldest_unread_seconds",
        "frontdoor_consumer_observed_timestamp_seconds",
        "frontdoor_dead_letters",
        "frontdoor_deliveries",
        "frontdoor_database_answers",
        "frontdoor_loop_stall_seconds",
    }
    assert {rule["labels"]["severity"] for rule in rules()} == {"page", "ticket"}
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_the_scraped_are_the_services_of_the_composition() -> None:
    """Each target is a service of docker-compose.yml at the port that its command gives, and the rules are there."""
    scraped = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    assert all((FOLDER / name).exists() for name in scraped["rule_files"])
    (job,) = scraped["scrape_configs"]
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    served = {
        f"{name}:{service['command'][-1]}"
        for name, service in composed.items()
        if service.get("command", [""])[0] == "serve"
    }
    assert set(job["static_configs"][0]["targets"]) == served
    assert (job["job_name"], job["metrics_path"]) == ("frontdoor", "/metrics")


def test_no_two_panels_lie_over_each_other() -> None:
    """The dashboard's panels each have their own place and id."""
    places = [panel["gridPos"] for panel in panels()]
    covered = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(covered) == len(set(covered))
    assert max(x for x, _ in covered) < 24
    assert len({panel["id"] for panel in panels()}) == len(panels())
