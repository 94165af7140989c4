//! The made-up marketplace: the same again, whole in itself, shaped like a shop, and the gold of its
//! project against plain SQL over the files.

use crate::pipeline_build::lake::{query, rows_of};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use pipeline::marketplace::project::{Home, SOURCES_DIR};
use pipeline::marketplace::{MarketplaceError, Plan, SOURCES, generate};
use pipeline::{Outcome, Project};
use sha2::{Digest, Sha256};
use std::path::Path;

/// A generated marketplace and a session that has its files as tables.
struct Market {
    /// Held so that the files stay.
    _dir: tempfile::TempDir,
    ctx: SessionContext,
}

impl Market {
    async fn new(scale: u32, seed: u64) -> Market {
        let dir = tempfile::tempdir().unwrap();
        let written = generate(dir.path(), &Plan::new(scale, seed).unwrap(), &|_, _| ()).unwrap();
        let tables: Vec<&str> = written.iter().map(|written| written.table).collect();
        assert_eq!(tables, SOURCES.map(|source| source.name));
        let ctx = SessionContext::new();
        register(&ctx, dir.path()).await;
        Market { _dir: dir, ctx }
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        rows_of(&self.ctx, sql).await
    }

    async fn number(&self, sql: &str) -> f64 {
        let rows = self.rows(sql).await;
        rows.first().and_then(|row| row.parse().ok()).unwrap_or_else(|| panic!("{sql}: {rows:?}"))
    }
}

async fn register(ctx: &SessionContext, sources_dir: &Path) {
    for source in &SOURCES {
        let path = sources_dir.join(format!("{}.parquet", source.name));
        let options = ParquetReadOptions::default();
        ctx.register_parquet(source.name, path.to_str().unwrap(), options).await.unwrap();
    }
}

fn hash_of_files(dir: &Path) -> Vec<String> {
    let hash = |name: &str| {
        let bytes = std::fs::read(dir.join(format!("{name}.parquet"))).unwrap();
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    SOURCES.iter().map(|source| hash(source.name)).collect()
}

#[test]
fn a_plan_gives_the_same_bytes_again_and_another_seed_others() {
    let files = |scale, seed| {
        let dir = tempfile::tempdir().unwrap();
        generate(dir.path(), &Plan::new(scale, seed).unwrap(), &|_, _| ()).unwrap();
        hash_of_files(dir.path())
    };
    for scale in [1, 7] {
        assert_eq!(files(scale, 42), files(scale, 42), "scale {scale}");
    }
    let fixed = ["categories", "warehouses", "vouchers"];
    for ((source, one), other) in SOURCES.iter().zip(files(1, 42)).zip(files(1, 43)) {
        assert_eq!(one == other, fixed.contains(&source.name), "{}", source.name);
    }
}

#[test]
fn a_scale_out_of_bounds_is_refused() {
    for scale in [0, 10_001] {
        assert!(matches!(Plan::new(scale, 42), Err(MarketplaceError::Scale { .. })), "{scale}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = generate(&file, &Plan::new(1, 42).unwrap(), &|_, _| ()).unwrap_err();
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}

/// Whoever changes these numbers changes everybody's demo: count GENERATOR_VERSION up.
#[tokio::test]
async fn the_demo_has_these_rows_and_sums() {
    let market = Market::new(1, 42).await;
    let mut counts = Vec::new();
    for source in &SOURCES {
        let n_rows = market.rows(&format!("select count(*) from {}", source.name)).await;
        counts.push((source.name, n_rows[0].clone()));
    }
    let expected = [
        ("users", "500"),
        ("sellers", "50"),
        ("categories", "87"),
        ("products", "200"),
        ("product_skus", "593"),
        ("warehouses", "5"),
        ("inventory", "1291"),
        ("vouchers", "26"),
        ("flash_sales", "376"),
        ("orders", "2000"),
        ("order_items", "3233"),
        ("payments", "2179"),
        ("shipments", "1907"),
        ("reviews", "772"),
        ("user_events", "10000"),
        ("cart_items", "33"),
    ];
    assert_eq!(counts, expected.map(|(name, n_rows)| (name, n_rows.to_owned())));
    let sums = "select sum(subtotal - discount), sum(freight), sum(total) from orders";
    assert_eq!(market.rows(sums).await, ["311733.49|5908.49|317641.98"]);
    let days = "select min(cast(created_at as date)), max(cast(created_at as date)) from orders";
    assert_eq!(market.rows(days).await, ["2024-01-01|2025-12-31"]);
}

#[tokio::test]
async fn every_key_has_its_row() {
    let market = Market::new(3, 5).await;
    let check = async |child: &str, column: &str, parent: &str, key: &str| {
        let sql = format!(
            "select count(*) from {child} c left join {parent} p on p.{key} = c.{column} \
             where c.{column} is not null and p.{key} is null"
        );
        assert_eq!(market.rows(&sql).await, ["0"], "{child}.{column} -> {parent}.{key}");
        let sql = format!("select count(*) - count(distinct {key}) from {parent}");
        assert_eq!(market.rows(&sql).await, ["0"], "{parent}.{key} is unique");
    };
    check("categories", "parent_id", "categories", "category_id").await;
    check("products", "seller_id", "sellers", "seller_id").await;
    check("products", "category_id", "categories", "category_id").await;
    check("product_skus", "product_id", "products", "product_id").await;
    check("inventory", "sku_id", "product_skus", "sku_id").await;
    check("inventory", "warehouse_id", "warehouses", "warehouse_id").await;
    check("flash_sales", "product_id", "products", "product_id").await;
    check("orders", "user_id", "users", "user_id").await;
    check("orders", "voucher_id", "vouchers", "voucher_id").await;
    check("order_items", "order_id", "orders", "order_id").await;
    check("order_items", "sku_id", "product_skus", "sku_id").await;
    check("payments", "order_id", "orders", "order_id").await;
    check("shipments", "order_id", "orders", "order_id").await;
    check("shipments", "warehouse_id", "warehouses", "warehouse_id").await;
    check("reviews", "order_id", "orders", "order_id").await;
    check("reviews", "user_id", "users", "user_id").await;
    check("user_events", "user_id", "users", "user_id").await;
    check("user_events", "product_id", "products", "product_id").await;
    check("user_events", "sku_id", "product_skus", "sku_id").await;
    check("user_events", "order_id", "orders", "order_id").await;
    check("cart_items", "user_id", "users", "user_id").await;
    check("cart_items", "sku_id", "product_skus", "sku_id").await;
}

#[tokio::test]
async fn the_tables_agree_with_one_another() {
    let market = Market::new(20, 3).await;
    let none = async |rule: &str, from: &str| {
        assert_eq!(market.rows(&format!("select count(*) from {from}")).await, ["0"], "{rule}");
    };
    none(
        "a line's total is made of its parts, and nothing is given away",
        "order_items where line_total <> quantity * unit_price - flash_discount - voucher_discount \
         or line_total <= 0 or voucher_discount < 0 or flash_discount < 0 or freight < 0",
    )
    .await;
    none(
        "an order's amounts are the sums of its lines",
        "(select order_id, sum(line_total + voucher_discount) as subtotal, sum(line_total) as price, \
          sum(voucher_discount) as discount, sum(freight) as freight from order_items group by order_id) i \
         full join orders o on o.order_id = i.order_id \
         where i.order_id is null or o.order_id is null or o.subtotal <> i.subtotal \
         or o.discount <> i.discount or o.freight <> i.freight or o.total <> i.price + i.freight",
    )
    .await;
    none(
        "payments that did not fail add up to the total",
        "(select order_id, sum(amount) as paid from payments where status <> 'failed' group by order_id) p \
         full join orders o on o.order_id = p.order_id where p.paid is null or p.paid <> o.total",
    )
    .await;
    none(
        "a payment's status goes with its order's",
        "payments p join orders o on o.order_id = p.order_id where p.status <> 'failed' and not case o.status \
         when 'pending' then p.status = 'pending' when 'cancelled' then p.status in ('voided', 'refunded') \
         when 'returned' then p.status = 'refunded' else p.status = 'captured' end",
    )
    .await;
    none(
        "what was sent has a parcel, and nothing else",
        "orders o left join shipments s on s.order_id = o.order_id \
         where (o.status in ('shipped', 'delivered', 'returned')) <> (s.order_id is not null) \
         or (s.delivered_at is not null) <> (o.status in ('delivered', 'returned')) and s.order_id is not null",
    )
    .await;
    none(
        "old orders are settled, and nothing lies in the future",
        "orders where updated_at < created_at or cast(updated_at as date) > date '2025-12-31' \
         or (status in ('pending', 'processing', 'shipped') and cast(created_at as date) < date '2025-11-15')",
    )
    .await;
    none(
        "nobody buys before he signs up, and nothing before it is on sale",
        "order_items i join orders o on o.order_id = i.order_id join users u on u.user_id = o.user_id \
         join products p on p.product_id = i.product_id join sellers s on s.seller_id = p.seller_id \
         where u.created_at > o.created_at or p.created_at > o.created_at or s.created_at > p.created_at \
         or i.seller_id <> p.seller_id",
    )
    .await;
    none(
        "a line's SKU is of its product and has its price",
        "order_items i join product_skus s on s.sku_id = i.sku_id \
         where s.product_id <> i.product_id or s.price <> i.unit_price or s.cost >= s.price",
    )
    .await;
    none(
        "a flash discount has a flash sale that runs",
        "order_items i where flash_discount > 0 and not exists (select 1 from flash_sales f \
         where f.product_id = i.product_id and f.starts_at <= i.created_at and i.created_at < f.ends_at)",
    )
    .await;
    none(
        "a voucher holds when it is redeemed",
        "orders o join vouchers v on v.voucher_id = o.voucher_id where o.created_at < v.valid_from \
         or o.created_at >= v.valid_until or o.subtotal < v.min_order or o.discount <= 0",
    )
    .await;
    none(
        "a voucher takes off what it says, to the cent",
        "orders o join vouchers v on v.voucher_id = o.voucher_id where case v.kind \
         when 'amount' then o.discount <> v.value \
         else abs(o.discount * 100 - o.subtotal * v.value) >= 1 end",
    )
    .await;
    none(
        "a purchase is an order's line by its customer",
        "user_events e left join orders o on o.order_id = e.order_id left join order_items i \
         on i.order_id = e.order_id and i.sku_id = e.sku_id and i.quantity = e.quantity \
         where e.event_type = 'purchase' and (i.order_id is null or o.user_id <> e.user_id)",
    )
    .await;
    none(
        "what is taken out of a cart or bought was put into it in the same session",
        "user_events e where event_type in ('remove_from_cart', 'purchase') and not exists \
         (select 1 from user_events c where c.session_id = e.session_id and c.sku_id = e.sku_id \
          and c.event_type = 'cart' and c.event_time <= e.event_time)",
    )
    .await;
    none(
        "reviews are of what was delivered",
        "reviews r join shipments s on s.order_id = r.order_id where r.created_at <= s.delivered_at \
         or s.delivered_at is null or r.rating < 1 or r.rating > 5",
    )
    .await;
    none(
        "names of products are unique",
        "(select name from products group by name having count(*) > 1)",
    )
    .await;
    let currencies = "select distinct currency from (select currency from orders union all \
                      select currency from order_items union all select currency from payments)";
    assert_eq!(market.rows(currencies).await, ["USD"]);
}

#[tokio::test]
async fn charts_have_a_shape() {
    let market = Market::new(20, 42).await;
    let within = async |what: &str, sql: &str, low: f64, high: f64| {
        let number = market.number(sql).await;
        assert!((low..=high).contains(&number), "{what}: {number} is not within {low}..={high}");
    };
    let orders_where = |condition: &str| format!("(select count(*) from orders where {condition})");
    let ratio = |one: &str, other: &str| {
        format!("select cast({} as double) / {}", orders_where(one), orders_where(other))
    };
    let year = "date_part('year', created_at)";
    let weekday = "date_part('dow', created_at)";
    let month = "date_part('month', created_at)";
    let day = "cast(created_at as date)";
    within("growth", &ratio(&format!("{year} = 2025"), &format!("{year} = 2024")), 1.3, 1.7).await;
    let weekend = ratio(&format!("{weekday} in (0, 6)"), &format!("{weekday} in (2, 3)"));
    within("weekends", &weekend, 1.15, 1.45).await;
    let christmas = ratio(&format!("{month} in (11, 12)"), &format!("{month} in (7, 8)"));
    within("christmas", &christmas, 1.5, 2.2).await;
    let peak = ratio(&format!("{day} = date '2025-11-28'"), &format!("{day} = date '2025-11-21'"));
    within("Black Friday", &peak, 2.3, 4.5).await;
    let singles =
        ratio(&format!("{day} = date '2025-11-11'"), &format!("{day} = date '2025-11-04'"));
    within("11.11", &singles, 1.8, 4.0).await;

    let top = |column: &str, n: u32| {
        format!(
            "select sum(price) / (select sum(line_total) from order_items) from \
             (select sum(line_total) as price from order_items group by {column} \
              order by 1 desc limit {n})"
        )
    };
    within("the top tenth of products", &top("product_id", 400), 0.5, 0.85).await;
    within("the top tenth of sellers", &top("seller_id", 100), 0.5, 0.9).await;
    let status = |status: &str| {
        format!("select cast({} as double) / 40000", orders_where(&format!("status = '{status}'")))
    };
    within("delivered", &status("delivered"), 0.8, 0.95).await;
    within("cancelled", &status("cancelled"), 0.03, 0.06).await;
    within("returned", &status("returned"), 0.03, 0.1).await;
    let funnel = "select cast(count(distinct case when event_type = 'purchase' then session_id end) as double) \
                  / count(distinct session_id) from user_events";
    within("conversion", funnel, 0.02, 0.12).await;
    let toys = "select cast(sum(case when date_part('month', i.created_at) = 12 then 1 else 0 end) as double) \
                / sum(case when date_part('month', i.created_at) = 5 then 1 else 0 end) from order_items i \
                join products p on p.product_id = i.product_id join categories c on c.category_id = p.category_id \
                where c.path like 'Toys%'";
    within("toys in December", toys, 1.8, 6.0).await;
}

#[tokio::test]
async fn gold_equals_plain_sql_over_the_sources() {
    let dir = tempfile::tempdir().unwrap();
    let mut home = Home::claim(&dir.path().join("demo")).unwrap();
    home.unpack().unwrap();
    home.fill(&Plan::new(1, 42).unwrap(), &|_, _| ()).unwrap();
    let project = Project::open(&dir.path().join("demo")).unwrap();
    let report = pipeline::build(&project, &pipeline::Options::default(), |_| ()).await.unwrap();
    assert!(report.models.iter().all(|model| model.n_rows > 0));

    let ctx = SessionContext::new();
    register(&ctx, &project.folder.join(SOURCES_DIR)).await;
    let check = async |gold: &str, plain: &str| {
        let expected = rows_of(&ctx, plain).await;
        assert!(!expected.is_empty());
        assert_eq!(query(project.lake_dir().unwrap(), gold).await, expected, "{gold}");
    };
    check(
        "select sum(price), count(distinct order_id), sum(freight), sum(quantity) from gold.sales",
        "select sum(line_total), (select count(*) from orders), sum(freight), sum(quantity) from order_items",
    )
    .await;
    check("select sum(value) from gold.payments", "select sum(total) from orders").await;
    check(
        "select order_date, sum(price) from gold.sales group by 1 order by 1",
        "select cast(created_at as date), sum(subtotal - discount) from orders group by 1 order by 1",
    )
    .await;
    check(
        "select status, platform, count(distinct order_id) from gold.sales group by 1, 2 order by 1, 2",
        "select status, platform, count(*) from orders group by 1, 2 order by 1, 2",
    )
    .await;
    check(
        "select product, seller, sum(price) from gold.sales group by 1, 2 order by 1, 2",
        "select p.name, s.name, sum(i.line_total) from order_items i join products p on p.product_id = i.product_id \
         join sellers s on s.seller_id = i.seller_id group by 1, 2 order by 1, 2",
    )
    .await;
    check(
        "select category, department, sum(price) from gold.sales group by 1, 2 order by 1, 2",
        "select m.name, r.name, sum(i.line_total) from order_items i join products p on p.product_id = i.product_id \
         join categories l on l.category_id = p.category_id join categories m on m.category_id = l.parent_id \
         join categories r on r.category_id = m.parent_id group by 1, 2 order by 1, 2",
    )
    .await;
    check(
        "select payment_type, status, sum(value) from gold.payments group by 1, 2 order by 1, 2",
        "select p.payment_type, o.status, sum(p.amount) from payments p join orders o on o.order_id = p.order_id \
         where p.status <> 'failed' group by 1, 2 order by 1, 2",
    )
    .await;

    let again = pipeline::build(&project, &pipeline::Options::default(), |_| ()).await.unwrap();
    assert!(again.models.iter().all(|model| model.outcome == Outcome::Unchanged));
    assert!(home.has_sources(&Plan::new(1, 42).unwrap()));
}

#[tokio::test]
async fn another_marketplace_in_the_folder_takes_the_place_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut home = Home::claim(&dir.path().join("demo")).unwrap();
    home.unpack().unwrap();
    let project = Project::open(&dir.path().join("demo")).unwrap();
    let sums = "select sum(price), count(distinct order_id), max(order_id) from gold.sales";
    for (scale, seed) in [(2, 42), (1, 42), (1, 43), (1, 42)] {
        home.fill(&Plan::new(scale, seed).unwrap(), &|_, _| ()).unwrap();
        pipeline::build(&project, &pipeline::Options::default(), |_| ()).await.unwrap();
        let ctx = SessionContext::new();
        register(&ctx, &project.folder.join(SOURCES_DIR)).await;
        let plain =
            "select sum(line_total), count(distinct order_id), max(order_id) from order_items";
        let expected = rows_of(&ctx, plain).await;
        let found = query(project.lake_dir().unwrap(), sums).await;
        assert_eq!(found, expected, "scale {scale}, seed {seed}");
    }
}
