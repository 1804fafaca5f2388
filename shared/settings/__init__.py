"""Settings: the environment of each service, and the hub that it serves as data."""
