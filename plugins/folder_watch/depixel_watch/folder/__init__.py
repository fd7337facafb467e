"""The watched folder: its contents, its changes, and refused layouts."""
