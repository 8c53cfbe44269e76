"""From a source on the network or a disk to checked, hashed cases."""
