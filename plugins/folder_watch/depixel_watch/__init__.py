"""The folder watcher: `depixel watch` keeps a folder of larger textures in step with a folder of small ones."""
