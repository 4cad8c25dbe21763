"""The schema's steps, each plain SQL, one statement per `op.execute`."""
