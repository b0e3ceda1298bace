-- description: the vector column, with the label that belongs to it
-- expect_columns: label, embedding
-- expect_row_groups_pruned: 0
SELECT label, embedding FROM train
