-- description: the hundred largest amounts, the earliest first among equals
-- expect_columns: event_id, user_id, amount
-- expect_rows: <= 100
-- expect_plan: TopK
--
-- The engine prunes with the amounts that it has seen so far, so how many row groups it skips varies between executions.
SELECT event_id, user_id, amount
FROM train
ORDER BY amount DESC, event_id
LIMIT 100
