"""One organisation sees and touches nothing of another, whatever its key asks for."""
