"""Is everything that Ledgerwire depends on as it has to be? Looks, tells, and mends nothing."""
