-- description: every scalar column that is stored in the files; all but the vector
-- expect_columns: event_id, event_time, user_id, session, device, page, message, duration_ms, amount, quantity, clicked, label
-- expect_row_groups_pruned: 0
SELECT event_id, event_time, user_id, session, device, page, message, duration_ms, amount, quantity, clicked, label
FROM train
