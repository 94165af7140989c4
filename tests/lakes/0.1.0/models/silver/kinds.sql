select kind, count(*) as n from silver.clicks group by kind
