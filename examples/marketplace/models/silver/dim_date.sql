/*---
description: One row a day from 2022-01-01 to 2027-12-31.
owner: platform@marketplace.example
sort_by: [day]
columns:
  day: { description: The day., expect: [not_null, unique] }
  date_key: { description: "The day as a number, such as 20251231." }
  year: { description: The calendar year. }
  quarter: { description: 1 to 4. }
  month: { description: 1 to 12. }
  month_name: { description: "In English, such as January." }
  day_of_month: { description: 1 to 31. }
  day_of_year: { description: 1 to 366. }
  day_of_week: { description: 1 for Monday to 7 for Sunday. }
  day_name: { description: "In English, such as Monday." }
  iso_year: { description: The year that the ISO week belongs to. }
  iso_week: { description: "1 to 53, as in ISO 8601." }
  week_start: { description: The Monday of the week. }
  month_start: { description: The first day of the month. }
  quarter_start: { description: The first day of the quarter. }
  year_start: { description: The first day of the year. }
  is_weekend: { description: Saturday or Sunday. }
---*/
with days as (
  select cast(value as date) as day
  from generate_series(date '2022-01-01', date '2027-12-31', interval '1 day')
)
select
  day,
  cast(to_char(day, '%Y%m%d') as int) as date_key,
  cast(date_part('year', day) as int) as year,
  cast(date_part('quarter', day) as int) as quarter,
  cast(date_part('month', day) as int) as month,
  to_char(day, '%B') as month_name,
  cast(date_part('day', day) as int) as day_of_month,
  cast(date_part('doy', day) as int) as day_of_year,
  cast(date_part('isodow', day) as int) as day_of_week,
  to_char(day, '%A') as day_name,
  cast(date_part('isoyear', day) as int) as iso_year,
  cast(date_part('week', day) as int) as iso_week,
  cast(date_trunc('week', day) as date) as week_start,
  cast(date_trunc('month', day) as date) as month_start,
  cast(date_trunc('quarter', day) as date) as quarter_start,
  cast(date_trunc('year', day) as date) as year_start,
  date_part('isodow', day) >= 6 as is_weekend
from days
