"""
Side files: text and data that say where in a picture its frames, letters or tiles lie, in pixels. They grow with the
picture, or their frames would be cut out of the wrong places.
"""

from depixel.sidefiles.table import ENDINGS, UNDERSTOOD, Facts, facts_for, parse, suspicion

__all__ = ["ENDINGS", "UNDERSTOOD", "Facts", "facts_for", "parse", "suspicion"]
