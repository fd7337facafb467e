"""Every kind of picture but faces: cascades, tiles and batches through a network of fixed scale."""
