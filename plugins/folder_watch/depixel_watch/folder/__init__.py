"""The watched folder: what lies in it, when it changes, and which layouts are refused."""
