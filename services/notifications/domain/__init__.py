"""What may be sent where, to whom and when: decisions on plain values, for every room of this service."""
