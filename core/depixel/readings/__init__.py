"""Versions of pixel art: six readings of the same pixels, each true to the pixels' centres."""
