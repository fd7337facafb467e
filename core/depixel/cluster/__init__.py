"""Many machines: warm engines on a Ray cluster answer the pictures that this process reads and writes."""
