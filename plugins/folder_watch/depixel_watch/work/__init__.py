"""From a file to its output: tasks, textures, the pipeline, the passes over the folder."""
