-- What did each category bring, day by day?
select event_date, category, sum(revenue) as revenue
from gold.daily_product_performance
group by event_date, category
order by event_date, category
