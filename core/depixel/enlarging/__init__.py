"""Answers every kind of picture except faces, with a network of fixed scale: cascades, tiles and batches."""
