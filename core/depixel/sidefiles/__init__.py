"""
Side files: text and data with the positions of a picture's frames, letters or tiles, in pixels. They are scaled with
the picture; otherwise its frames would be cut from the wrong places.
"""

from depixel.sidefiles.table import ENDINGS, UNDERSTOOD, Facts, facts_for, parse, suspicion

__all__ = ["ENDINGS", "UNDERSTOOD", "Facts", "facts_for", "parse", "suspicion"]
