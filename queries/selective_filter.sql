-- description: 10 000 seconds out of twelve days; row groups of other times are skipped by their statistics
-- expect_columns: event_time, user_id, page, amount
-- expect_row_groups_pruned: >= 0.9
-- expect_rows: <= 10000
--
-- From 2026-01-08 09:46:40 UTC.
SELECT event_time, user_id, page, amount
FROM train
WHERE event_time >= 1767865600 AND event_time < 1767875600
