"""The notifications service, room by room."""
