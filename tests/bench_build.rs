//! What a build of the marketplace costs, layer by layer, beside DuckDB. Started by
//! `cargo xtask bench build`.

use anyhow::{Context, bail};
use lakefront_tests::bench::build::{self, Layer, ModelTime, Project};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What is measured, and where.
struct Options {
    dir: PathBuf,
    json: Option<PathBuf>,
    scale: u32,
    n_runs: usize,
    memory: String,
}

fn main() -> anyhow::Result<()> {
    let mut options = Options {
        dir: std::env::temp_dir().join("lakefront-bench"),
        json: None,
        scale: 100,
        n_runs: 3,
        memory: "2GB".to_owned(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--dir" => options.dir = value()?.into(),
            "--json" => options.json = Some(value()?.into()),
            "--scale" => options.scale = value()?.parse()?,
            "--runs" => options.n_runs = value()?.parse()?,
            "--memory" => options.memory = value()?,
            _ => bail!("{word:?} is not an option here"),
        }
    }
    run(&options)
}

fn run(options: &Options) -> anyhow::Result<()> {
    let project = Project::make(&options.dir, options.scale, &options.memory)?;
    let (mut wholes, mut layers) = (Vec::new(), BTreeMap::<&str, Vec<Layer>>::new());
    for run in 1..=options.n_runs.max(1) {
        eprintln!("run {run} of {}", options.n_runs.max(1));
        project.clear()?;
        wholes.push(project.build(None)?);
        project.clear()?;
        for layer in build::LAYERS {
            layers.entry(layer).or_default().push(project.build(Some(layer))?);
        }
    }
    wholes.sort_by_key(|whole| whole.time);
    let whole = wholes.swap_remove(wholes.len() / 2);
    let again = project.build(None)?;
    let duckdb = build::duckdb(&project, options.n_runs)?;
    println!(
        "marketplace, scale {}: {} rows written in {:.1} s, {} MB at most; again without news {:.2} s",
        options.scale,
        whole.n_rows(),
        whole.time.as_secs_f64(),
        whole.peak_bytes.div_ceil(1_000_000),
        again.time.as_secs_f64(),
    );
    let mut lines = Vec::new();
    println!(
        "| Layer | rows | time | rows/s | models that DuckDB runs too | rows/s | DuckDB rows/s | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for layer in build::LAYERS {
        let mut runs = layers.remove(layer).unwrap_or_default();
        runs.sort_by_key(|run| run.time);
        let measured = &runs[runs.len() / 2];
        let rates = Rates::new(layer, measured, &duckdb);
        println!("{}", rates.row(layer));
        lines.push(rates.json(layer));
    }
    for model in
        duckdb.iter().filter_map(|(name, ran)| ran.as_ref().err().map(|error| (name, error)))
    {
        println!("DuckDB does not run {}: {}", model.0, model.1);
    }
    if let Some(path) = &options.json {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let whole = json!({
            "scale": options.scale, "rows": whole.n_rows(), "seconds": whole.time.as_secs_f64(),
            "peak_bytes": whole.peak_bytes, "again_seconds": again.time.as_secs_f64(), "layers": lines,
        });
        std::fs::write(path, serde_json::to_string_pretty(&whole)?)?;
    }
    Ok(())
}

/// One layer: all of it here, and the models that both engines run.
struct Rates {
    n_rows: u64,
    time: Duration,
    n_shared: usize,
    shared_rows: u64,
    /// The times of the models one by one; two run at once, so their sum is more than the layer took.
    shared_here: Duration,
    shared_there: Duration,
}

impl Rates {
    fn new(layer: &str, here: &Layer, there: &build::DuckDb) -> Rates {
        let mut rates = Rates {
            n_rows: here.n_rows(),
            time: here.time,
            n_shared: 0,
            shared_rows: 0,
            shared_here: Duration::ZERO,
            shared_there: Duration::ZERO,
        };
        let busy: Duration = here.models.values().map(|model| model.time).sum();
        for (name, ours) in &here.models {
            let Some(Ok(ModelTime { n_rows, time })) = there.get(name) else { continue };
            if !name.starts_with(layer) || *n_rows != ours.n_rows {
                continue;
            }
            rates.n_shared += 1;
            rates.shared_rows += ours.n_rows;
            rates.shared_here += ours.time;
            rates.shared_there += *time;
        }
        // What of the layer's time these models took, beside others.
        rates.shared_here =
            here.time.mul_f64(rates.shared_here.as_secs_f64() / busy.as_secs_f64().max(1e-9));
        rates
    }

    fn row(&self, layer: &str) -> String {
        let (here, there) =
            (rate(self.shared_rows, self.shared_here), rate(self.shared_rows, self.shared_there));
        format!(
            "| {layer} | {} | {:.1} s | {:.0} | {} | {here:.0} | {there:.0} | {:.2} |",
            self.n_rows,
            self.time.as_secs_f64(),
            rate(self.n_rows, self.time),
            self.n_shared,
            here / there,
        )
    }

    fn json(&self, layer: &str) -> serde_json::Value {
        json!({
            "layer": layer, "rows": self.n_rows, "seconds": self.time.as_secs_f64(),
            "shared_models": self.n_shared, "shared_rows": self.shared_rows,
            "shared_seconds": self.shared_here.as_secs_f64(),
            "duckdb_seconds": self.shared_there.as_secs_f64(),
        })
    }
}

fn rate(n_rows: u64, time: Duration) -> f64 {
    n_rows as f64 / time.as_secs_f64().max(1e-9)
}
