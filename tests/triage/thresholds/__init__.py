"""The policy language: reading, logic, receipts, lints, and the sample policy."""
