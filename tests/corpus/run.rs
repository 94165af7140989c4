//! One run: everything below a folder is found, read and compared, and each table gets its record.

use super::found::{self, Found};
use super::job::{Ending, Expect, Job, Read, Said};
use super::pool::{self, Heard};
use super::record::{Kind, Outcome, Problem, Record};
use anyhow::Context;
use protocol::At;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is read, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program that starts as the processes that read: see [`pool::READS`].
    pub program: PathBuf,
    /// The folder that is searched.
    pub dir: PathBuf,
    /// Only tables whose path contains this text.
    pub only: String,
    /// Processes at once.
    pub n_processes: usize,
}

/// Everything that was found, each under a name of its own that is safe in a path and a URL.
pub struct Stage {
    /// What was found, in the order of the paths.
    pub found: Vec<Found>,
    /// The folder of the names.
    pub names_dir: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Stage {
    /// Searches and unpacks.
    ///
    /// # Errors
    /// When the folder is not there or nothing can be unpacked.
    pub fn set(plan: &Plan) -> anyhow::Result<Stage> {
        let dir = std::fs::canonicalize(&plan.dir)
            .with_context(|| format!("there is no folder {}", plan.dir.display()))?;
        let scratch = tempfile::Builder::new().prefix("corpus-").tempdir()?;
        let unpacked = scratch.path().join("unpacked");
        let names_dir = scratch.path().join("names");
        std::fs::create_dir_all(&unpacked)?;
        std::fs::create_dir_all(&names_dir)?;
        let mut found = found::find(&dir, &unpacked);
        found.retain(|found| found.path.contains(&plan.only));
        // Links, so that names which are odd, or end as another kind of table does, do no harm, and
        // so that messages to the processes are text.
        for (idx, found) in found.iter().enumerate() {
            std::os::unix::fs::symlink(&found.place, names_dir.join(name(idx, found.kind)))?;
            for (number, expected) in found.expected.iter().enumerate() {
                let link = names_dir.join(expected_name(idx, number));
                std::os::unix::fs::symlink(&expected.dir, link)?;
            }
        }
        Ok(Stage { found, names_dir, _scratch: scratch })
    }

    /// The readings of everything that was found: which, and the job.
    pub fn jobs(&self) -> Vec<(usize, Job)> {
        let mut jobs = Vec::new();
        for (idx, found) in self.found.iter().enumerate() {
            let location = name(idx, found.kind);
            let place = self.names_dir.join(&location);
            let read =
                |at| Read::Lake { root: self.names_dir.clone(), location: location.clone(), at };
            match found.kind {
                Kind::Archive => {}
                Kind::Parquet => jobs.push((
                    idx,
                    Job {
                        read: read(At::Newest),
                        expect: Expect::File(place.clone()),
                        features_of: Some(place),
                    },
                )),
                Kind::Delta => {
                    // The newest version is always read, also if only older ones have rows.
                    let newest = found.expected.iter().position(|one| one.at == At::Newest);
                    let below =
                        |number| Expect::Below(self.names_dir.join(expected_name(idx, number)));
                    jobs.push((
                        idx,
                        Job {
                            read: read(At::Newest),
                            expect: newest.map_or(Expect::Unknown, below),
                            features_of: Some(place),
                        },
                    ));
                    for (number, expected) in found.expected.iter().enumerate() {
                        if Some(number) != newest {
                            let read = read(expected.at);
                            let expect = below(number);
                            jobs.push((idx, Job { read, expect, features_of: None }));
                        }
                    }
                }
            }
        }
        jobs
    }

    /// The records of what was heard of [`Stage::jobs`], in their order.
    pub fn records(&self, jobs: &[(usize, Job)], heard: &BTreeMap<usize, Heard>) -> Vec<Record> {
        let of_table = |idx: usize| {
            let positions = (0..jobs.len()).filter(move |position| jobs[*position].0 == idx);
            positions.filter_map(|position| Some((&jobs[position].1, heard.get(&position)?)))
        };
        let records = self.found.iter().enumerate().map(|(idx, found)| {
            let named = name(idx, found.kind);
            let readable = |text: String| text.replace(&named, &found.path);
            let mut record = empty(found);
            for (number, (job, heard)) in of_table(idx).enumerate() {
                let one = judged(job, heard);
                if number == 0 {
                    record.version = one.version;
                    record.rows = one.rows;
                    record.elapsed_ms = one.elapsed_ms;
                    record.features.clone_from(&heard.features);
                }
                let at = match &job.read {
                    Read::Lake { at: At::Version(version), .. } => format!("version {version}: "),
                    _ => String::new(),
                };
                let error = one.error.map(|problem| Problem {
                    text: readable(format!("{at}{}", problem.text)),
                    ..problem
                });
                // The worst of the versions is the table's outcome; a refusal is worse than rows.
                if number == 0 || one.outcome > record.outcome {
                    record.outcome = one.outcome;
                    record.error = error;
                }
                let note = one.note.map(|note| readable(format!("{at}{note}")));
                record.note = match (record.note.take(), note) {
                    (Some(notes), Some(note)) => Some(format!("{notes}; {note}")),
                    (notes, note) => notes.or(note),
                };
            }
            record
        });
        records.collect()
    }
}

/// Reads everything that `plan` finds, natively. `progress` is told how many of how many jobs are
/// done.
///
/// # Errors
/// When the folder is not there or no process can be started.
pub fn natively(plan: &Plan, progress: impl Fn(usize, usize)) -> anyhow::Result<Vec<Record>> {
    let stage = Stage::set(plan)?;
    let jobs = stage.jobs();
    let mut heard = BTreeMap::new();
    let todo = jobs.iter().map(|(_, job)| job.clone()).collect();
    pool::run(&plan.program, todo, plan.n_processes, |position, one| {
        heard.insert(position, one);
        progress(heard.len(), jobs.len());
    })?;
    Ok(stage.records(&jobs, &heard))
}

/// The name of the table at that position; its ending tells the engine its kind.
pub fn name(idx: usize, kind: Kind) -> String {
    match kind {
        Kind::Parquet => format!("corpus-{idx:06}.parquet"),
        Kind::Delta | Kind::Archive => format!("corpus-{idx:06}"),
    }
}

fn expected_name(idx: usize, number: usize) -> String {
    format!("expected-{idx:06}-{number}")
}

fn empty(found: &Found) -> Record {
    Record {
        path: found.path.clone(),
        kind: found.kind,
        outcome: Outcome::Refused,
        version: None,
        rows: None,
        features: Vec::new(),
        error: found.problem.clone().map(|text| Problem { code: "archive".to_owned(), text }),
        elapsed_ms: 0,
        note: None,
    }
}

/// What one reading amounts to.
struct Judged {
    outcome: Outcome,
    version: Option<u64>,
    rows: Option<u64>,
    elapsed_ms: u64,
    error: Option<Problem>,
    note: Option<String>,
}

fn judged(job: &Job, heard: &Heard) -> Judged {
    let mut judged = Judged {
        outcome: Outcome::Read,
        version: None,
        rows: None,
        elapsed_ms: 0,
        error: None,
        note: None,
    };
    let problem =
        |code: &str, text: &str| Some(Problem { code: code.to_owned(), text: text.to_owned() });
    match &heard.ending {
        Ending::Rows { version, n_rows, elapsed_ms } => {
            judged.version = *version;
            judged.rows = Some(*n_rows);
            judged.elapsed_ms = *elapsed_ms;
            match &heard.compared {
                Some(Said::Compared(None)) => judged.outcome = Outcome::Equal,
                Some(Said::Compared(Some(difference))) => {
                    judged.outcome = Outcome::Wrong;
                    judged.error = problem("difference", difference);
                }
                Some(Said::NotCompared(why)) => {
                    judged.note = Some(format!("the plain reader cannot read it: {why}"));
                }
                _ => {}
            }
        }
        Ending::Refused { code, text, elapsed_ms } => {
            judged.outcome = Outcome::Refused;
            judged.elapsed_ms = *elapsed_ms;
            let code = serde_json::to_value(code).ok();
            let code = code.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
            judged.error = problem(code, text);
            judged.note = match (&heard.compared, &job.expect) {
                (Some(Said::PlainRows(n)), Expect::Below(_)) => {
                    Some(format!("{n} rows are expected"))
                }
                (Some(Said::PlainRows(n)), _) => Some(format!("the plain reader reads {n} rows")),
                (Some(Said::NotCompared(why)), _) => {
                    Some(format!("the plain reader refuses too: {why}"))
                }
                _ => None,
            };
        }
        Ending::Panicked { text } => {
            judged.outcome = Outcome::Panic;
            judged.error = problem("panic", text);
        }
        Ending::TimedOut => {
            judged.outcome = Outcome::Timeout;
            let limit = pool::READ_LIMIT;
            judged.elapsed_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
            judged.error = problem("timeout", &format!("no answer in {limit:?}"));
        }
    }
    judged
}

/// How many processes a run on this machine uses.
pub fn default_processes() -> usize {
    std::thread::available_parallelism().map_or(2, |n| n.get().min(8))
}

/// The corpus folder that `LAKEFRONT_CORPUS` names, or the one beside the checkout.
pub fn default_dir() -> PathBuf {
    test_support::corpus_root()
}
