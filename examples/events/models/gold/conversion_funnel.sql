/*---
description: "How far sessions come: view, cart, purchase in this order within 30 minutes of the first. One row a day and step."
owner: shop@events.example
sort_by: [session_date, step_no]
columns:
  session_date: { description: "The day of the session's first event, UTC." }
  step_no: { description: "1 to 3.", expect: [{ range: { min: 1, max: 3 } }] }
  sessions: { description: Sessions that came at least so far. }
  of_first: { description: Part of the sessions with a view. }
  of_previous: { description: "Part of the sessions that came to the step before; 1 for the first step." }
---*/
with sessions as (
  select
    min(event_date) as session_date,
    window_funnel(
      interval '30 minutes', event_time, event_type = 'view', event_type = 'cart', event_type = 'purchase'
    ) as reached
  from silver.events_cleaned
  group by user_session
),
steps as (
  select * from (values (1, 'view'), (2, 'cart'), (3, 'purchase')) as s(step_no, step)
),
counted as (
  select
    d.session_date,
    s.step_no,
    s.step,
    count(*) filter (where d.reached >= s.step_no) as sessions
  from sessions d cross join steps s
  group by d.session_date, s.step_no, s.step
)
select
  session_date,
  cast(step_no as int) as step_no,
  step,
  sessions,
  cast(sessions as double) / nullif(first_value(sessions) over by_step, 0) as of_first,
  cast(sessions as double) / nullif(coalesce(lag(sessions) over by_step, sessions), 0) as of_previous
from counted
window by_step as (partition by session_date order by step_no)
