"""The one-process shape: embedded PostgreSQL, the keys of an installation, and three services on one port."""
