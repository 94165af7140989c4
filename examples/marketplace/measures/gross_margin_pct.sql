-- Gross margin of all lines in percent of GMV.
select
  round(100 * cast(sum(gross_margin) as double) / nullif(cast(sum(gmv) as double), 0), 2) as gross_margin_pct
from gold.ads_daily_gmv
