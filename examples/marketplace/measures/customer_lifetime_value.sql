-- What a buyer has brought until now: the GMV of kept orders divided by the number of buyers.
select cast(sum(monetary) / nullif(count(*), 0) as decimal(14, 2)) as customer_lifetime_value
from gold.ads_customer_rfm
