"""The records of a watcher: the ledger, the lock, and the owners of outputs."""
