-- The share of GMV that the five sellers with the greatest GMV have.
select
  round(
    cast(sum(case when gmv_rank <= 5 then gmv end) as double) / nullif(cast(sum(gmv) as double), 0),
    4
  ) as gmv_share_top_5_sellers
from gold.ads_seller_scorecard
