"""Third-party super-resolution networks: reading them without running code from the file, storing them as safetensors,
and using them."""
