"""The threshold policy: a small closed language, compiled once, that answers with a receipt. Runs in triage."""

from services.triage.thresholds.assessment import ASSESSMENT_ERROR, NARRATIVE_NOT_CODED, assess
from services.triage.thresholds.complaints import Complaint, PolicyError
from services.triage.thresholds.knowledge import wrong_facts
from services.triage.thresholds.lints import Finding, lint
from services.triage.thresholds.loading import load_policy
from services.triage.thresholds.policy import Policy
from services.triage.thresholds.receipt import Receipt
from services.triage.thresholds.scenarios import Failure, run_scenarios
from services.triage.thresholds.vocabulary import FactValue, Vocabulary, load_vocabulary

__all__ = [
    "ASSESSMENT_ERROR",
    "NARRATIVE_NOT_CODED",
    "Complaint",
    "FactValue",
    "Failure",
    "Finding",
    "Policy",
    "PolicyError",
    "Receipt",
    "Vocabulary",
    "assess",
    "lint",
    "load_policy",
    "load_vocabulary",
    "run_scenarios",
    "wrong_facts",
]
