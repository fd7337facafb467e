"""Finds faces, invents new ones in their place, and hides people by replacing their faces."""
