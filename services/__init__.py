"""The three services of the Front Door, their command and their one-process composition."""
