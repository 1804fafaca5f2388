"""Referring by pages, one thing on each: steps as data, a walk through them, and the referral that comes of it."""

from services.triage.pages.journey.reading import Kind
from services.triage.pages.journey.steps import CHECK, Journey, Question, Step
from services.triage.pages.journey.walk import check_of, router_of

__all__ = ["CHECK", "Journey", "Kind", "Question", "Step", "check_of", "router_of"]
