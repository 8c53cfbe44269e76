"""Small network builders, chosen by name from one table."""
