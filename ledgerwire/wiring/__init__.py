"""Where packages that do not know each other meet: Xero's protocols over our storage."""
