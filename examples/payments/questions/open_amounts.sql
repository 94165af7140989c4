-- What is still to be paid of the last hour's orders, by country.
select
  country,
  count(*) as orders,
  sum(amount - paid_amount) as open_amount
from silver.order_payments_enriched
where not fully_paid
  and minute_bucket in (select minute_bucket from gold.sales_last_60_minutes)
group by country
order by open_amount desc, country
