-- Who are the ten customers that paid most?
select customer_id, customer_name, region, purchases, total_value
from gold.customer_purchase_summary
order by total_value desc, customer_id
limit 10
