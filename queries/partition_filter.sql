-- description: one region of five; the other folders are not opened
-- expect_columns: region, user_id, page, amount
-- expect_row_groups_pruned: >= 0.75
SELECT region, user_id, page, amount
FROM train
WHERE region = 'europe'
