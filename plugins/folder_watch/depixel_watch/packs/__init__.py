"""What games expect of textures: profiles, conventions, archives."""
