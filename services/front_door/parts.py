"""The names by which `frontdoor serve` and `frontdoor migrate` speak of services and of their parts."""

from enum import StrEnum


class ServiceName(StrEnum):
    REFERRALS = "referrals"
    TRIAGE = "triage"
    NOTIFICATIONS = "notifications"


class Part(StrEnum):
    """What a process does for its service: answer requests, publish its events, take others' events, or the rest."""

    API = "api"
    RELAY = "relay"
    CONSUMER = "consumer"
    WORKER = "worker"
