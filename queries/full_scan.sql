-- description: every column of every row
-- expect_row_groups_pruned: 0
--
-- Names no column, so it also runs on a table of your own that is called `train`.
SELECT * FROM train
