-- Customers who have an order that was neither cancelled nor returned.
select count(*) as unique_buyers
from gold.ads_customer_rfm
