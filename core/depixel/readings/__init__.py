"""Readings: several answers to one picture, each of which scales back to it."""
