//! The ports of the domain over SQL: SQLite and PostgreSQL through one code path.
