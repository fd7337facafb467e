"""What is decided about a picture before a network sees it, and the tensors it becomes."""
