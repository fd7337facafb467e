"""Faces: found, placed, searched, put back; and replaced by invented ones."""
