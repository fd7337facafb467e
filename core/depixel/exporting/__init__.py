"""Turns a generated plane into the integers of the file."""
