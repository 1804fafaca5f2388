"""The verbs of the referrals service; the only room that writes or emits."""
