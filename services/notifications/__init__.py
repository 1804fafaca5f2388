"""Endpoints, the event feed, and signed deliveries to partner agencies."""
