-- description: three columns of fourteen, as a training job reads its features
-- expect_columns: user_id, amount, label
-- expect_row_groups_pruned: 0
SELECT user_id, amount, label FROM train
