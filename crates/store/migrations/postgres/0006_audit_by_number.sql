-- The last moment of the trail is asked for once at a start, and is among the last lines of it.
DROP INDEX IF EXISTS audit_by_moment;
