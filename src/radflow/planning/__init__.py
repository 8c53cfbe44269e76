"""Plans: what a study derives from its development cases before any image is read."""
