"""What is sent beside JSON bodies, by whoever sends anything, on every route of the running front door."""
