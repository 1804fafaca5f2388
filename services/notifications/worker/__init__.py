"""Takes due deliveries to their receivers; runs as one task of the notifications process."""
