"""Whole journeys in a real browser, and what they stand on."""
