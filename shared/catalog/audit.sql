-- name: add
-- One line of the audit trail, in the transaction that it tells of.
INSERT INTO loadstone.audit (actor, action, subject, before, after) VALUES ($1, $2, $3, $4, $5);

-- name: list
-- The newest lines before an id.
SELECT id, at, actor, action, subject, before, after FROM loadstone.audit
WHERE id < $1 ORDER BY id DESC LIMIT $2;
