-- The share of the buyers who have two such orders or more.
select
  round(cast(sum(case when frequency >= 2 then 1 else 0 end) as double) / nullif(count(*), 0), 4) as repeat_purchase_rate
from gold.ads_customer_rfm
