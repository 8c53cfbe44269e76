"""What a user writes: frozen models of dataset cards, studies and their sections."""
