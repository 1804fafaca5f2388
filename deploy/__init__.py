"""The hub as data: carried in the wheel and the image."""
