"""Everything that callers can change, done through the real api and looked up wherever it shows."""
