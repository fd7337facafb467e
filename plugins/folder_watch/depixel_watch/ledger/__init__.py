"""What is on record: the ledger, the lock, whose an output is."""
