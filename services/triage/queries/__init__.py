"""What triage reads, returned ready to show."""
