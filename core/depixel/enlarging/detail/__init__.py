"""
Detail for textures: fine structure of real materials, laid where it fits what the small picture shows.

By example (Freeman et al. 2002, "Example-based super-resolution"; Ashikhmin 2001, "Synthesizing natural textures"):
each small pixel looks for places in released pictures of stone, wood, sand and grass whose reduced form is like its own
surroundings, neighbours prefer neighbouring places, and what those places lost by being reduced is laid over the calm
answer. How much of it, a small network says that was trained on how much textures lose.
"""
