"""Turns events into effects exactly once: the inbox row, the effect and the next outbox rows commit together.

Runs in each consumer process, fed by either transport. `prepare` fetches what a batch needs with no transaction
open; `apply` runs in one. A poison event goes to the dead letters and harms only itself; one that a fault of ours
holds up is set aside and tried again, with what comes later of its subject behind it; a database that is away is
waited for; a domain's refusal is a recorded outcome.
"""

from shared.inbox.batches import Entries, Entry, Prepared, Transient, consume, forget_taken, nothing_to_prepare
from shared.inbox.letters import letter_id, mark_dead_letter
from shared.inbox.replay import replay_dead_letters
from shared.inbox.tables import WAITING, dead_letters, inbox

__all__ = [
    "WAITING",
    "Entries",
    "Entry",
    "Prepared",
    "Transient",
    "consume",
    "dead_letters",
    "forget_taken",
    "inbox",
    "letter_id",
    "mark_dead_letter",
    "nothing_to_prepare",
    "replay_dead_letters",
]
