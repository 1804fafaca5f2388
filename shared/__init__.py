"""What every service stands on: database, events, outbox, inbox, HTTP, security. Imports no service."""
