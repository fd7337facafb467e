"""What people see: terminal, log, desktop notification, page."""
