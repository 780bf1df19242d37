-- When a flow was put away.
ALTER TABLE flows ADD COLUMN archived_at INTEGER;
