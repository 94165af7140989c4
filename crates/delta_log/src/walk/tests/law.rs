//! What holds for any log: replay from a checkpoint equals replay from zero, and no bytes panic.

use super::*;
use proptest::prelude::*;

/// A commit of adds and removes over a few paths, never both of one.
fn commit_lines() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::option::of(any::<bool>()), 8).prop_map(|changes| {
        let mut lines = vec![at(7)];
        lines.extend(changes.into_iter().enumerate().filter_map(|(file_idx, is_add)| {
            let path = format!("p={file_idx}/f{file_idx}");
            is_add.map(|is_add| if is_add { add(&path) } else { remove(&path) })
        }));
        lines
    })
}

fn table(commits: &[Vec<String>]) -> Files {
    let first = [PROTOCOL.to_owned(), METADATA.to_owned()];
    let mut files = Files::default();
    for (lines, version) in commits.iter().zip(0..) {
        let first = if version == 0 { first.as_slice() } else { &[] };
        files = files.commit(version, &[first, lines].concat());
    }
    files
}

/// The actions that a writer would put into the checkpoint of `snapshot`.
fn lines_of(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = vec![PROTOCOL.to_owned(), METADATA.to_owned()];
    lines.extend(snapshot.adds.iter().map(|file| add(file.path.as_str())));
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn replay_from_a_checkpoint_equals_replay_from_zero(
        commits in prop::collection::vec(commit_lines(), 1..7),
        at in any::<prop::sample::Index>(),
        form in 0..entry::N_FORMS,
        order in prop::collection::vec(any::<usize>(), 64),
    ) {
        let from_zero = read(&table(&commits)).unwrap();
        let at = at.index(commits.len());
        let before = read(&table(&commits[..=at])).unwrap();
        let files = entry::put_form(table(&commits), at as u64, &lines_of(&before), form);
        let mut turn = 0;
        let choose = |n| { turn += 1; order[turn % order.len()] % n };
        let (from_checkpoint, _) = walk_in_order(&files, choose).unwrap();
        prop_assert_eq!(&from_checkpoint, &from_zero);
        // So does a walk that goes on from the checkpoint's version, and one to that version.
        let resumed = drive(LogWalk::resume(Arc::new(before.clone())), &files, |_| 0).unwrap().0;
        prop_assert_eq!(&*resumed, &from_zero);
        let travelled = drive(LogWalk::at_version(at as u64), &files, |n| n - 1).unwrap().0;
        prop_assert_eq!(&*travelled, &before);
    }

    /// Whatever the caller knows and whatever lies in the folder by now: a walk that goes on finds what
    /// one from the beginning finds, and never a mixture. Every commit holds when it was made.
    #[test]
    fn a_walk_that_goes_on_finds_what_a_new_one_finds(
        commits in prop::collection::vec(commit_lines(), 1..7),
        others in prop::collection::vec(commit_lines(), 0..7),
        known in any::<prop::sample::Index>(),
        shared in any::<prop::sample::Index>(),
        checkpoint in prop::option::of((any::<prop::sample::Index>(), 0..entry::N_FORMS)),
        n_cleaned in 0..3_u64,
        order in prop::collection::vec(any::<usize>(), 64),
    ) {
        let timed = |lines: &[Vec<String>], ms: i64| -> Vec<Vec<String>> {
            let lines = lines.iter().zip(ms..);
            lines.map(|(lines, ms)| [vec![at(ms)], lines[1..].to_vec()].concat()).collect()
        };
        let (commits, others) = (timed(&commits, 1000), timed(&others, 2000));
        let n_known = known.index(commits.len()) + 1;
        let before = Arc::new(read(&table(&commits[..n_known])).unwrap());
        let n_shared = shared.index(commits.len() + 1);
        let after = [&commits[..n_shared], &others].concat();
        let mut files = table(&after);
        if let Some((version, form)) = checkpoint && !after.is_empty() {
            let version = version.index(after.len());
            let state = read(&table(&after[..=version])).unwrap();
            files = entry::put_form(files, version as u64, &lines_of(&state), form);
            for version in 0..n_cleaned.min(version as u64) {
                files = files.without(&commit_path(version));
            }
        }
        let mut turn = 0;
        let choose = |n| { turn += 1; order[turn % order.len()] % n };
        let found = drive(LogWalk::resume(Arc::clone(&before)), &files, choose);
        match (found, read(&files)) {
            (Ok((found, _)), Ok(expected)) => {
                prop_assert_eq!(&*found, &expected);
            }
            (Err(found), Err(expected)) => prop_assert_eq!(found.kind(), expected.kind()),
            (found, expected) => prop_assert!(false, "found {:?}, not {:?}", found, expected),
        }
    }

    #[test]
    fn any_bytes_end_in_a_snapshot_or_an_error(
        which in 0_usize..4,
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let whole = Files::of_versions(2)
            .checkpoint(1, &checkpoint_lines(1))
            .hint("{\"version\":1}");
        let paths =
            [HINT_PATH.to_owned(), commit_path(1), commit_path(2), checkpoint_path(1)];
        let _ = walk_in_order(&whole.put(&paths[which], bytes), |_| 0);
    }

    #[test]
    fn flipped_and_cut_bytes_end_in_a_snapshot_or_an_error(
        which in 0_usize..5,
        form in 0..entry::N_FORMS,
        any_file in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut whole = Files::of_versions(2)
            .checkpoint(1, &checkpoint_lines(1))
            .hint("{\"version\":1}");
        let checkpoint_path = checkpoint_path(1);
        if which == 4 {
            whole = whole.put(&checkpoint_path, checkpoint_v2(&checkpoint_lines(1), Encoding::PLAIN).to_vec());
        }
        let paths = [HINT_PATH, &commit_path(0), &commit_path(2), &checkpoint_path, &checkpoint_path];
        let mut bytes = whole.0[paths[which]].to_vec();
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut files = whole.put(paths[which], bytes.clone());
        let other = entry::put_form(Files::of_versions(2), 1, &checkpoint_lines(1), form);
        let mut names: Vec<String> = other.0.keys().cloned().collect();
        names.sort_unstable();
        let name = &names[any_file.index(names.len())];
        let mut broken = other.0[name].to_vec();
        let middle = broken.len() / 2;
        broken.truncate(middle);
        broken.extend(bytes);
        let _ = walk_in_order(&other.put(name, broken), |n| n - 1);
        let _ = walk_in_order(&files, |_| 0);
        files = files.without(HINT_PATH);
        let _ = walk_in_order(&files, |_| 0);
    }
}
