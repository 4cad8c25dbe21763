"""Writing through the api, against the simulator's books."""
