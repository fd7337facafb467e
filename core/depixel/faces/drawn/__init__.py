"""Faces that are drawn: fit a parametric person to a small picture and join the drawn detail with the neural answer."""
