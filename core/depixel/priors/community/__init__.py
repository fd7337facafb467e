"""Other people's super-resolution networks: read without running anything in a file, kept as safetensors, and used."""
