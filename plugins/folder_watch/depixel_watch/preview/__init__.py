"""Before a long run: what there is to do, how long it takes, and a sheet of samples."""
