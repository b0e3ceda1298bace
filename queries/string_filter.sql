-- description: rows by the beginning of one string and the length of another, which statistics cannot tell
-- expect_columns: event_id, page, message
-- expect_row_groups_pruned: 0
SELECT event_id, message
FROM train
WHERE page LIKE '/product/%' AND character_length(message) >= 40
