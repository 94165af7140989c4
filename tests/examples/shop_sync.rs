//! The project whose source is a database: MariaDB holds the shop, and what changes a day later.

use super::project::{Project, has_binary};
use super::{duckdb, rows};
use anyhow::ensure;
use lakefront_tests::harness::mariadb::MariaDb;
use std::path::Path;

#[tokio::test]
async fn the_shop_is_synced_and_kept_up() -> anyhow::Result<()> {
    if !has_binary() {
        return Ok(());
    }
    let Some(server) = MariaDb::start("shop").await? else { return Ok(()) };
    let project = Project::copy("shop-sync", |_| true)?;
    let url = server.url();
    let variables = [("SHOP_DB_URL", Path::new(&url))];
    for (script, stage) in [("shop.sql", ""), ("shop_changes.sql", "changed")] {
        server.run(&std::fs::read_to_string(project.dir().join("landing").join(script))?).await?;
        project.build(&variables)?;
        rows::check(&project, stage).await?;
        duckdb::check(&project, "shop_sync.py", stage)?;
        let before = project.lake_files()?;
        project.build(&variables)?;
        ensure!(before == project.lake_files()?, "{script}: a second build wrote something");
    }
    Ok(())
}
