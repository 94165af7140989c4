-- GMV of the whole lake.
select sum(gmv) as gmv
from gold.ads_daily_gmv
