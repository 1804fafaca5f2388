"""Five hundred callers who take their time stop nobody: they are closed, and a child in danger is on the queue."""
