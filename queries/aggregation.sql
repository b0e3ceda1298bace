-- description: sums and averages by region and device, 20 groups
-- expect_columns: region, device, amount, quantity, duration_ms
-- expect_row_groups_pruned: 0
-- expect_rows: 20
-- expect_plan: AggregateExec
SELECT
    region,
    device,
    count(*) AS events,
    sum(quantity) AS quantity,
    avg(amount) AS average_amount,
    avg(duration_ms) AS average_duration_ms
FROM train
GROUP BY region, device
