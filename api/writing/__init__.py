"""Writing: creating, changing and removing things of an organisation, and commands."""
