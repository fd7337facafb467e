"""The folder watcher: `depixel watch` keeps a folder of upscaled textures in sync with a folder of small ones."""
