-- description: one whole row by its id
-- expect_columns: event_id, event_time, region, user_id, session, device, page, message, duration_ms, amount, quantity, clicked, label, embedding
-- expect_row_groups_pruned: >= 0.9
-- expect_rows: <= 1
SELECT * FROM train WHERE event_id = 777777
