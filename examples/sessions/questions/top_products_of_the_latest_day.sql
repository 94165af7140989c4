-- Which five products brought most on the latest day?
select event_date, product_id, product_name, category, purchases, revenue
from gold.daily_product_performance
where event_date = (select max(event_date) from gold.daily_product_performance)
order by revenue desc, product_id
limit 5
