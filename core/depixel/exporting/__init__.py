"""From a generated plane to the integers of the file."""
