//! A lake that is full, closed, damaged, or used by two: it stays at its last commits, the error says what to do, and
//! doing it helps.

use super::shop::{DEADLINE, Shop, terminate, wait_for};
use anyhow::{Context, Result};
use lakefront_tests::harness::child::Running;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Takes long enough for something to happen meanwhile.
const SLOW: &str = "select count(distinct value % 1000) as n from generate_series(1, 400000000)";

const FULL: &str =
    "File too large (os error 27); what was committed stays as it is; make room and build again";

/// Many orders, which hardly compress.
fn many_orders() -> Result<String> {
    let mut text = "id,day,amount,status\n".to_owned();
    for id in 1..=20_000_u64 {
        let word = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        writeln!(text, "{id},2026-01-01,{}.50,{word:x}", word % 1000)?;
    }
    Ok(text)
}

/// The first file in `folder` whose name ends with `end`.
fn file(folder: &Path, end: &str) -> Result<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(end) {
            files.push(path);
        }
    }
    files.sort();
    files.into_iter().next().with_context(|| format!("no {end} in {}", folder.display()))
}

#[test]
fn a_full_disk_is_named_and_takes_nothing_away() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let before = shop.commits()?;
    shop.write("orders.csv", &many_orders()?)?;
    // No file grows beyond this many blocks of 512 bytes. A signal would end the process, a full disk is an error.
    for (n_blocks, expected) in
        [(100, "lake/bronze/orders: cannot be written: "), (0, "cannot be locked: ")]
    {
        let orders = format!("trap '' XFSZ; ulimit -f {n_blocks}");
        shop.build_under(&orders, &[])?.expect(1)?.says(&[expected, FULL])?;
        assert_eq!(shop.commits()?, before, "{n_blocks}");
        assert_eq!(shop.answer("select count(*) from silver.orders")?, "3\n");
    }
    shop.run("build", &[])?.expect(0)?;
    assert_eq!(shop.answer("select count(*), max(id) from silver.orders")?, "20000,20000\n");
    Ok(())
}

#[test]
fn a_full_folder_for_temporary_files_is_named() -> Result<()> {
    let shop = Shop::landing()?;
    let numbers = "/*---\nsort_by: [text]\n---*/\nselect value, cast(value * 7919 % 1000003 as text) as text\n\
        from generate_series(1, 4000000)";
    shop.write("models/silver/numbers.sql", numbers)?;
    let args = ["--select", "silver.numbers", "--memory", "60MB"];
    let ended = shop.build_under("trap '' XFSZ; ulimit -f 1000", &args)?.expect(1)?;
    ended.says(&["silver.numbers", "File too large (os error 27)", "TMPDIR"])?;
    assert!(shop.commits()?.is_empty());
    shop.run("build", &args)?.expect(0)?;
    assert_eq!(shop.answer("select count(*) from silver.numbers")?, "4000000\n");
    Ok(())
}

#[test]
fn a_lake_that_may_not_be_written_is_named_and_read() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    shop.write("orders.csv", "id,day,amount,status\n1,2026-01-01,9.00,paid\n")?;
    let change = |mode: &str| -> Result<()> {
        let status = Command::new("chmod").args(["-R", mode]).arg(shop.path()).status()?;
        anyhow::ensure!(status.success(), "chmod {mode}");
        Ok(())
    };
    change("a-w,a+rX")?;
    // Root may write what nobody may, so it builds as somebody else.
    let is_root = String::from_utf8(Command::new("id").arg("-u").output()?.stdout)?.trim() == "0";
    let ended = match is_root {
        false => shop.run("build", &[])?,
        true => {
            let nobody = "exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\"";
            shop.build_under(nobody, &[])?
        }
    };
    let answer = shop.answer("select count(*) from silver.orders");
    change("u+w")?;
    ended.expect(1)?.says(&[
        "lake/_lakefront/lock: cannot be locked: Permission denied",
        "whoever builds has to be allowed",
    ])?;
    assert_eq!(answer?, "3\n");
    shop.run("build", &[])?.expect(0)?;
    Ok(())
}

#[test]
fn a_damaged_log_is_named_with_its_file_and_line() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let path = file(&shop.path().join("lake/bronze/orders/_delta_log"), ".json")?;
    let whole = std::fs::read(&path)?;
    let place = path.display().to_string();
    let cases: [(&[u8], &str); 5] = [
        (b"", " does not say which columns there are"),
        (b"{\"add\":", ":1 is no JSON: EOF"),
        (whole.get(..whole.len() / 2).unwrap_or_default(), " is no JSON: EOF"),
        (b"{\"commitInfo\":{}}\nnull\n", ":2 is no JSON object"),
        (&[0; 100], ":1 is no JSON: "),
    ];
    for (bytes, expected) in cases {
        std::fs::write(&path, bytes)?;
        let ended = shop.run("build", &[])?.expect(1)?;
        assert!(
            !ended.stdout.contains("backtrace") && !ended.stdout.contains("::"),
            "{}",
            ended.stdout
        );
        let said: Vec<&str> =
            ended.stdout.lines().filter(|line| line.starts_with("failed: ")).collect();
        assert!(
            said.len() == 1 && said[0].contains(&place) && said[0].contains(expected),
            "{said:?}"
        );
        assert!(
            said[0].contains("put the file back from a copy, or delete the folder "),
            "{said:?}"
        );
        assert_eq!(shop.answer("select count(*) from silver.orders")?, "3\n");
    }
    // Either remedy helps.
    std::fs::write(&path, &whole)?;
    shop.run("build", &[])?.expect(0)?.says(&["shop: 7 unchanged"])?;
    std::fs::write(&path, "")?;
    std::fs::remove_dir_all(shop.path().join("lake/bronze/orders"))?;
    shop.run("build", &[])?.expect(0)?;
    assert_eq!(shop.answer("select count(*) from bronze.orders")?, "3\n");
    Ok(())
}

/// The file in `folder` whose name begins with `start`.
fn newest(folder: &Path, start: &str) -> Result<PathBuf> {
    let mut files = std::fs::read_dir(folder)?.filter_map(|entry| entry.ok().map(|e| e.path()));
    let is_it = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
    };
    files.find(is_it).with_context(|| format!("{}: no {start}*", folder.display()))
}

#[test]
fn a_damaged_state_is_left_behind_when_it_is_asked_for() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    // Made anew in silence, it would be empty.
    std::fs::remove_file(shop.path().join("landing/events/1.csv"))?;
    let states = shop.path().join("lake/_lakefront/state/bronze/events");
    for (number, bytes) in
        [Some(&b""[..]), Some(b"{}"), Some(&[0; 9]), None].into_iter().enumerate()
    {
        let path = newest(&states, &format!("{number:010}-"))?;
        let rule = match bytes {
            Some(bytes) => {
                std::fs::write(&path, bytes)?;
                ": is no state of a model: "
            }
            None => {
                std::fs::remove_file(&path)?;
                ": is not there, and the last commit of its table names it"
            }
        };
        let before = shop.commits()?;
        let place = format!("{}{rule}", path.display());
        shop.run("build", &[])?
            .expect(1)?
            .says(&[&place, "build with --full-refresh to make the table anew"])?;
        assert_eq!(shop.commits()?, before);
        shop.write("landing/events/1.csv", "id,at,price\n1,2026-01-01 10:00:00,1.50\n")?;
        shop.run("build", &["--full-refresh", "--select", "bronze.events"])?.expect(0)?;
        std::fs::remove_file(shop.path().join("landing/events/1.csv"))?;
        assert_eq!(shop.answer("select count(*) from bronze.events")?, "1\n");
    }
    Ok(())
}

#[test]
fn a_missing_file_of_a_table_is_named_with_its_table() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let path = file(&shop.path().join("lake/bronze/orders"), ".parquet")?;
    let whole = std::fs::read(&path)?;
    let anew = "build with --full-refresh --select bronze.orders to make the table anew";
    let again = ["--full-refresh", "--select", "silver.orders"];
    std::fs::write(&path, whole.get(..whole.len() / 2).unwrap_or_default())?;
    let damaged = "models/silver/orders.sql: reads bronze.orders, whose file part-";
    shop.run("build", &again)?.expect(1)?.says(&[damaged, " is damaged: ", anew])?;
    std::fs::remove_file(&path)?;
    shop.run("build", &again)?.expect(1)?.says(&[
        damaged,
        " is not there; put it back from a copy",
        anew,
    ])?;
    shop.run("build", &["--full-refresh", "--select", "bronze.orders"])?.expect(0)?;
    shop.run("build", &[])?.expect(0)?;
    assert_eq!(shop.answer("select count(*) from silver.orders")?, "3\n");
    Ok(())
}

#[test]
fn a_table_that_somebody_else_changed_is_made_anew() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let log = shop.path().join("lake/silver/events/_delta_log");
    let first = std::fs::read_to_string(file(&log, ".json")?)?;
    let columns =
        first.lines().find(|line| line.contains("\"metaData\"")).context("the columns")?;
    // As `alter table ... rename column` of a careless program would leave it.
    let other = columns.replace("\\\"name\\\":\\\"price\\\"", "\\\"name\\\":\\\"cost\\\"");
    assert_ne!(columns, other);
    std::fs::write(log.join("00000000000000000001.json"), format!("{other}\n"))?;
    shop.run("build", &[])?.expect(0)?.says(&[
        "made anew, since its columns are not those of the model: column \"price\" is not there: silver.events",
    ])?;
    assert_eq!(shop.answer("select sum(price) from silver.events")?, "4.00\n");
    assert_eq!(shop.answer("select sum(price) from gold.events")?, "4.00\n");
    Ok(())
}

#[test]
fn a_second_build_refuses_or_waits_and_a_killed_one_holds_nothing() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    shop.write("models/silver/slow.sql", SLOW)?;
    let holder = shop.start(&["--select", "silver.slow"])?;
    wait_for(&holder, "model_started")?;
    shop.write("landing/events/2.csv", "id,at,price\n3,2026-01-02,3.50\n")?;
    let held = format!("is in use by `build`, process {} on ", holder.id());
    let remedy = "run it again when that one has ended, or let it wait with --wait '10 minutes'";
    for args in [&[][..], &["--wait", "1 second"]] {
        shop.run("build", args)?.expect(1)?.says(&[&held, remedy])?;
    }
    let waiting = shop.start(&["--select", "bronze.events", "--wait", "10 minutes"])?;
    let whom = wait_for(&waiting, "waiting_for_lake")?;
    assert!(whom.to_string().contains(&format!("process {}", holder.id())), "{whom}");
    let killed = Command::new("kill").args(["-KILL", &holder.id().to_string()]).status()?;
    assert!(killed.success());
    let done = wait_for(&waiting, "run_finished")?;
    assert_eq!((&done["outcome"], &done["built"]), (&"done".into(), &1.into()));
    assert_eq!(shop.answer("select count(*) from bronze.events")?, "3\n");
    drop(holder);
    Ok(())
}

#[test]
fn a_second_signal_ends_a_build_at_once_and_the_next_one_makes_the_rest() -> Result<()> {
    let shop = Shop::landing()?;
    shop.write("models/silver/slow.sql", &SLOW.replace("400000000", "400000000000"))?;
    let mut running: Running = shop.start(&[])?;
    running.wait_for(DEADLINE, |line| {
        (line.contains("model_finished") && line.contains("gold.events")).then_some(())
    })?;
    let pid = running.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status()?;
    wait_for(&running, "stopping")?;
    assert!(!terminate(&mut running)?, "the build is not whole");
    std::fs::remove_file(shop.path().join("models/silver/slow.sql"))?;
    shop.run("build", &[])?.expect(0)?;
    shop.run("build", &[])?.expect(0)?.says(&["shop: 7 unchanged"])?;
    assert_eq!(shop.answer("select sum(revenue) from gold.sales")?, "17.35\n");
    Ok(())
}
