"""Everything that speaks SQL: tables, migrations, queries and the embedded PostgreSQL.

Knows nothing of Xero's API, of Kafka or of HTTP. SQL is written as SQL and sent by asyncpg.
Ids are text in Python; instants are aware UTC; JSON columns are text.
"""
