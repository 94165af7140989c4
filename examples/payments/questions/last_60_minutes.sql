-- The last hour, minute by minute.
select * from gold.sales_last_60_minutes order by minute_bucket
