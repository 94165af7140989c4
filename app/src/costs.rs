//! What an answer cost, in words.

use crate::wording;
use protocol::{Part, ReadFacts};

/// Files, bytes and time: `1 of 2 files · 1.2 MB · 18 ms`.
pub fn short(facts: &ReadFacts) -> String {
    format!(
        "{} of {} · {} · {}",
        facts.n_files_read,
        wording::counted(facts.n_files_total, "file", "files"),
        wording::bytes(facts.read_bytes),
        wording::span(facts.elapsed_ms),
    )
}

/// All that is known of it, with the versions of the tables.
pub fn sentence(facts: &ReadFacts) -> String {
    let versions = facts.tables.iter().map(|table| match table.version {
        Some(version) => format!("{} version {version}", table.table),
        None => table.table.to_string(),
    });
    format!(
        "Read {} of {}{}{}, {}, {} of it over the network in {}, in {}. Tables: {}.",
        facts.n_files_read,
        wording::counted(facts.n_files_total, "file", "files"),
        part(facts.row_groups, "row group", "row groups"),
        part(facts.pages, "page", "pages"),
        wording::bytes(facts.read_bytes),
        wording::bytes(facts.fetched_bytes),
        wording::counted(facts.n_requests, "request", "requests"),
        wording::span(facts.elapsed_ms),
        versions.collect::<Vec<_>>().join(", "),
    )
}

/// `, 3 of 12 row groups`; nothing where it is not known.
fn part(part: Part, one: &str, many: &str) -> String {
    match part.total {
        0 => String::new(),
        total => {
            let read = chart::grouped(i128::from(part.read), 0);
            format!(", {read} of {}", wording::counted(total, one, many))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::Name;
    use protocol::TableVersion;

    #[test]
    fn costs_are_said_short_and_in_full() {
        let table = |name: &str, version| TableVersion {
            table: Name::new(name).unwrap(),
            version,
            committed_at_us: None,
            n_files: 2,
            size_bytes: 2_400_000,
            stale_since_us: None,
        };
        let facts = ReadFacts {
            tables: vec![table("sales", Some(3)), table("stock", None)],
            n_files_read: 1,
            n_files_total: 2,
            row_groups: Part { read: 1, total: 4 },
            pages: Part::default(),
            read_bytes: 1_200_000,
            fetched_bytes: 0,
            n_requests: 1,
            elapsed_ms: 17.6,
            n_rows: 10,
        };
        assert_eq!(short(&facts), "1 of 2 files · 1.2 MB · 18 ms");
        assert_eq!(
            sentence(&facts),
            "Read 1 of 2 files, 1 of 4 row groups, 1.2 MB, 0 B of it over the network in 1 request, in 18 ms. \
             Tables: sales version 3, stock."
        );
        let check = |row_groups: (u64, u64), pages: (u64, u64), expected: &str| {
            let part = |(read, total)| Part { read, total };
            let facts =
                ReadFacts { row_groups: part(row_groups), pages: part(pages), ..facts.clone() };
            let said = sentence(&facts);
            assert!(said.starts_with(&format!("Read 1 of 2 files{expected}, 1.2 MB")), "{said}");
        };
        check((0, 0), (0, 0), "");
        check((3, 12), (40, 310), ", 3 of 12 row groups, 40 of 310 pages");
        check((1, 1), (1_000, 2_500), ", 1 of 1 row group, 1,000 of 2,500 pages");
    }
}
