"""Drawn faces: fits a parametric person to a small picture and joins the drawn detail with the neural answer."""
