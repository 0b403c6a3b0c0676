//! The table agrees with what there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::cases;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn played() -> impl Iterator<Item = (&'static str, &'static Played)> {
    faults().flat_map(|fault| fault.played.iter().map(|played| (fault.id, played)))
}

#[test]
fn every_fault_has_a_name_of_its_own_and_is_played_or_says_why_not() {
    let mut ids = BTreeSet::new();
    for WorldFault { id, what, threatens, played } in faults() {
        assert!(ids.insert(id), "{id} is there twice");
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id} is not in kebab case");
        assert!(!played.is_empty() && !threatens.is_empty(), "{id}");
        assert!(what.ends_with('.') && !what.contains('|'), "{id}: a sentence");
        for invariant in *threatens {
            let number = invariant.strip_prefix('I').and_then(|number| number.parse().ok());
            assert!(number.is_some_and(|number: u32| (1..=13).contains(&number)), "{id}: {invariant}");
        }
    }
    assert!((50..=120).contains(&ids.len()), "{} faults", ids.len());
}

#[test]
fn every_kind_of_the_schedule_has_its_row_and_every_row_its_kind() {
    let rows: Vec<Kind> = played()
        .filter_map(|(_, played)| match played {
            Played::Chaos { kind, per_ten_minutes } => {
                assert!(*per_ten_minutes > 0, "{kind:?}");
                Some(*kind)
            }
            _ => None,
        })
        .collect();
    let kinds: BTreeSet<Kind> = rows.iter().copied().collect();
    assert_eq!(kinds.len(), rows.len(), "a kind has two rows: {rows:?}");
    assert_eq!(kinds, Kind::ALL.into());
}

#[test]
fn every_case_has_its_row_and_every_row_its_case() {
    let rows: BTreeSet<&str> = played()
        .filter_map(|(id, played)| match played {
            Played::Case(name) => {
                assert!(cases::named(name).is_some(), "{id}: there is no case {name}");
                Some(*name)
            }
            _ => None,
        })
        .collect();
    assert_eq!(rows, cases::ALL.iter().map(|case| case.name).collect());
}

#[test]
fn every_test_that_is_named_exists() {
    for (id, played) in played() {
        let Played::Test(name) = played else { continue };
        let (file, function) = name.split_once("::").unwrap_or_else(|| panic!("{id}: {name} has no ::"));
        let text = std::fs::read_to_string(root().join(file))
            .unwrap_or_else(|error| panic!("{id}: {file}: {error}"));
        assert!(text.contains(&format!("fn {function}(")), "{id}: {file} has no function {function}");
    }
}

/// Writes the table when the variable is set, so that it need not be done by hand.
#[test]
fn the_table_for_people_is_this_one() {
    let path = root().join("docs/failures.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let expected = markdown::replaced(&text).unwrap();
    if std::env::var_os("TRUNKLINE_WRITE_TABLE").is_some() {
        std::fs::write(&path, &expected).unwrap();
        return;
    }
    assert!(
        text == expected,
        "the table in docs/failures.md is not that of chaos/src/world: \
         TRUNKLINE_WRITE_TABLE=1 cargo test -p trunkline-chaos the_table_for_people writes it again"
    );
}

#[test]
fn every_known_failure_is_described_with_the_command_that_shows_it() {
    let text = std::fs::read_to_string(root().join("docs/failures.md")).unwrap();
    for case in cases::ALL {
        for known in case.expected.known() {
            assert!(text.contains(&format!("### {}\n", known.id)), "docs/failures.md lacks {}", known.id);
            assert!(text.contains(&format!("--case {}", case.name)), "docs/failures.md lacks {}", case.name);
        }
    }
    let described = text.lines().filter_map(|line| line.strip_prefix("### ")).collect::<BTreeSet<_>>();
    let known = cases::ALL.iter().flat_map(|case| case.expected.known()).map(|known| known.id);
    // Those that an ordinary run may show are in the verifier's own list.
    let known: BTreeSet<&str> = known.chain(trunkline_verifier::KNOWN.iter().map(|known| known.id)).collect();
    let tables: BTreeSet<&str> = TABLE.iter().map(|(who, _)| markdown::heading(*who)).collect();
    for id in described.difference(&tables) {
        assert!(known.contains(id), "docs/failures.md describes {id}, which no case knows");
    }
}
