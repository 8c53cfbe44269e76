"""What can be wrong with a delivered case: tables of small checks, run by `battery`."""
