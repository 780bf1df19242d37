-- When a flow was put away. A server of the release before knows nothing of it and leaves it as it is.
ALTER TABLE flows ADD COLUMN archived_at timestamptz;
