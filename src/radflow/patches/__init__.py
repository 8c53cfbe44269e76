"""The path of a patch from disk to the network."""
