"""Before a long run: what there is to do, how long it takes, a sheet of samples."""
