"""The Brain Imaging Data Structure (BIDS 1.10): subjects, sessions, tables and sidecars."""
