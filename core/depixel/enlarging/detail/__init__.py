"""
Detail for textures: fine structure of real materials, placed where it fits the small picture.

By example (Freeman et al. 2002, "Example-based super-resolution"; Ashikhmin 2001, "Synthesizing natural textures"): for
each small pixel, find places in released pictures of stone, wood, sand and grass whose reduced form resembles the
pixel's surroundings; neighbours prefer neighbouring places; add what those places lost when they were reduced to the
calm answer. A small network, trained on how much detail textures lose, decides how much.
"""
