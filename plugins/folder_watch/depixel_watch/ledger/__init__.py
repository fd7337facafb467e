"""A watcher's records: the ledger, the lock, and the owners of outputs."""
