"""The referrals service: its documents, its rules, its actions and its routes."""
