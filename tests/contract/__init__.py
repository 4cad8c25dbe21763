"""What users and outside checks rely on, held against the code."""
