"""The verbs of this service, by noun; the only room that writes or emits."""
