//! How fast `window_funnel` is: four steps of a shop over events of many sessions, in their order of
//! time, beside the same question in SQL without it. All of them must say the same.
//!
//! `funnel_speed [EVENTS] [SESSIONS] [OPEN] [WAY ...]`; 5,000,000 events in 1,000,000 sessions unless
//! said otherwise, 1,000 of them open at a time: so many rows lie between two rows of a session. Each
//! way is run three times, the best one counts.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program that measures reads the clock"
)]

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature};
use datafusion::prelude::{SessionConfig, SessionContext};
use functions::WindowFunnel;
use std::sync::Arc;
use std::time::Instant;

const N_RUNS: usize = 3;
const N_PARTITIONS: usize = 2;
const BATCH_ROWS: usize = 8192;

/// The steps, and what else happens in a shop.
const EVENT_TYPES: [&str; 5] = ["view", "cart", "checkout", "purchase", "other"];

/// A way to ask, and its SQL.
const WAYS: [(&str, &str); 4] = [
    ("window_funnel", "window_funnel"),
    ("window_funnel, an accumulator a group", "funnel_a_group"),
    ("self joins", SELF_JOINS),
    ("window functions", WINDOW_FUNCTIONS),
];

/// Every chain, by joining the steps; the furthest one of each session.
const SELF_JOINS: &str = "
with step1 as (select session, ts from events where event_type = 'view'),
     step2 as (select session, ts from events where event_type = 'cart'),
     step3 as (select session, ts from events where event_type = 'checkout'),
     step4 as (select session, ts from events where event_type = 'purchase'),
     chains as (
       select a.session, case when d.ts is not null then 4 when c.ts is not null then 3
                              when b.ts is not null then 2 else 1 end as steps
       from step1 a
       left join step2 b on b.session = a.session and b.ts >= a.ts and b.ts <= a.ts + interval '30 minutes'
       left join step3 c on c.session = a.session and c.ts >= b.ts and c.ts <= a.ts + interval '30 minutes'
       left join step4 d on d.session = a.session and d.ts >= c.ts and d.ts <= a.ts + interval '30 minutes'),
     furthest as (
       select s.session, coalesce(max(c.steps), 0) as steps
       from (select distinct session from events) s left join chains c on c.session = s.session
       group by s.session)
select steps, count(*) as sessions from furthest group by steps order by steps";

/// The latest start of a chain of one step more at each event, step by step.
const WINDOW_FUNCTIONS: &str = "
with numbered as (
       select session, ts, case event_type when 'view' then 1 when 'cart' then 2 when 'checkout' then 3
                                           when 'purchase' then 4 else 0 end as step
       from events),
     start1 as (select *, max(case when step = 1 then ts end) over w as s1 from numbered
       window w as (partition by session order by ts, step)),
     start2 as (select *, max(case when step = 2 and s1 >= ts - interval '30 minutes' then s1 end) over w as s2
       from start1 window w as (partition by session order by ts, step)),
     start3 as (select *, max(case when step = 3 and s2 >= ts - interval '30 minutes' then s2 end) over w as s3
       from start2 window w as (partition by session order by ts, step)),
     furthest as (
       select session, max(case when step = 4 and s3 >= ts - interval '30 minutes' then 4 when s3 is not null then 3
                                when s2 is not null then 2 when s1 is not null then 1 else 0 end) as steps
       from start3 group by session)
select steps, count(*) as sessions from furthest group by steps order by steps";

fn grouped(function: &str) -> String {
    format!(
        "with furthest as (
           select session, {function}(interval '30 minutes', ts, event_type = 'view', event_type = 'cart',
                                      event_type = 'checkout', event_type = 'purchase') as steps
           from events group by session)
         select steps, count(*) as sessions from furthest group by steps order by steps"
    )
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |idx: usize, default| {
        arguments
            .get(idx)
            .and_then(|text| text.replace(['_', ','], "").parse().ok())
            .unwrap_or(default)
    };
    let n_sessions = number(1, 1_000_000);
    let n_open = number(2, 1_000).min(n_sessions);
    let shape = Shape { n_events: number(0, 5_000_000), n_sessions, n_open };
    let wanted = arguments.get(3..).unwrap_or_default();
    let ctx = session(shape)?;
    println!("{shape:?}, {N_PARTITIONS} partitions");
    let mut first: Option<Vec<(i64, i64)>> = None;
    for (name, sql) in WAYS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name == part) {
            continue;
        }
        let sql = if sql.contains("steps") { sql.to_owned() } else { grouped(sql) };
        let mut best = f64::INFINITY;
        for _ in 0..N_RUNS {
            let start = Instant::now();
            let batches = ctx.sql(&sql).await?.collect().await?;
            best = best.min(start.elapsed().as_secs_f64());
            let found = pairs(&batches)?;
            match &first {
                Some(expected) if *expected != found => {
                    println!("{name} says {found:?}, and not {expected:?}");
                    std::process::exit(1);
                }
                Some(_) => {}
                None => println!("{:?}", first.insert(found)),
            }
        }
        println!("{name:40} {best:7.3} s {:9.2} M rows/s", shape.n_events as f64 / best / 1e6);
    }
    Ok(())
}

/// The steps, and how many sessions came so far.
fn pairs(batches: &[RecordBatch]) -> Result<Vec<(i64, i64)>> {
    let mut pairs = Vec::new();
    for batch in batches {
        let column = |idx: usize| arrow::compute::cast(batch.column(idx), &DataType::Int64);
        let (steps, sessions) = (column(0)?, column(1)?);
        let int = |column: &ArrayRef| {
            column.as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
        };
        pairs.extend(int(&steps).into_iter().zip(int(&sessions)));
    }
    Ok(pairs)
}

/// How many of what.
#[derive(Debug, Clone, Copy)]
struct Shape {
    n_events: usize,
    n_sessions: usize,
    n_open: usize,
}

/// The events in their order of time, half of them in each partition.
fn session(shape: Shape) -> Result<SessionContext> {
    let config = SessionConfig::new().with_target_partitions(N_PARTITIONS);
    let ctx = SessionContext::new_with_config(config);
    ctx.register_udaf(AggregateUDF::from(WindowFunnel::new()));
    ctx.register_udaf(AggregateUDF::from(FunnelAGroup { inner: WindowFunnel::new() }));
    let schema = Arc::new(Schema::new(vec![
        Field::new("session", DataType::Int64, false),
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, None), false),
        Field::new("event_type", DataType::Utf8, false),
    ]));
    let mut random = Random(42);
    let mut partitions = vec![Vec::new(); N_PARTITIONS];
    for first in (0..shape.n_events).step_by(BATCH_ROWS) {
        let batch = events(&schema, first, shape, &mut random)?;
        partitions[first * N_PARTITIONS / shape.n_events].push(batch);
    }
    ctx.register_table("events", Arc::new(MemTable::try_new(schema, partitions)?))?;
    Ok(ctx)
}

/// A batch of events from the `first` one.
fn events(
    schema: &SchemaRef,
    first: usize,
    shape: Shape,
    random: &mut Random,
) -> Result<RecordBatch> {
    let end = shape.n_events.min(first + BATCH_ROWS);
    let rows: Vec<(i64, i64, &str)> = (first..end)
        .map(|idx| {
            let oldest = (shape.n_sessions - shape.n_open) as u128 * idx as u128;
            let oldest = (oldest / shape.n_events as u128) as i64;
            // About three minutes between two events of a session.
            let ts = idx as i64 * 180_000_000 / shape.n_open as i64;
            let event_type = EVENT_TYPES[[0, 0, 0, 1, 1, 2, 2, 3, 4, 4][random.below(10)]];
            (oldest + random.below(shape.n_open) as i64, ts, event_type)
        })
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.1))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.2))),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// A linear congruential generator: the same rows each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

/// The same function without an accumulator for many groups: DataFusion makes one for each.
#[derive(Debug, PartialEq, Eq, Hash)]
struct FunnelAGroup {
    inner: WindowFunnel,
}

impl AggregateUDFImpl for FunnelAGroup {
    fn name(&self) -> &str {
        "funnel_a_group"
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(data_type)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }
}
