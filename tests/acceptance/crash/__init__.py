"""The crash test's parts: programs that are killed, and what watches them from outside."""
