"""What the commands of `radflow` are called, and what they print."""
