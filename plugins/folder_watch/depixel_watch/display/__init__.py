"""Displays for people: terminal, log, desktop notification, page."""
