"""The verbs of triage: the only room that writes or emits."""
