//! Which values a rule of the configuration means.

use trunkline_config::{PatternPart, PointerPattern};

use crate::json_text::Step;

/// Whether the way to a value is one of those that a pattern stands for.
pub fn matches(pattern: &PointerPattern, path: &[Step<'_>]) -> bool {
    // Nearly every value is decided by its own name.
    match (pattern.parts.last(), path.last()) {
        (Some(part), Some(step)) if part_matches(part, step) => parts_match(&pattern.parts, path),
        _ => false,
    }
}

/// What `**` stands for is tried from nothing upwards. Only the last `**` met so far is ever tried again:
/// what came before it matches already, and where the rest begins later is for the last one to say. So the
/// work grows with the product of both lengths, however many there are.
fn parts_match(parts: &[PatternPart], path: &[Step<'_>]) -> bool {
    let (mut part, mut step) = (0, 0);
    // Where the last `**` stands, and where what follows it is tried next.
    let mut again: Option<(usize, usize)> = None;
    loop {
        match (parts.get(part), path.get(step)) {
            (None, None) => return true,
            (Some(PatternPart::AnyDepth), _) => {
                again = Some((part, step));
                part += 1;
            }
            (Some(wanted), Some(found)) if part_matches(wanted, found) => {
                part += 1;
                step += 1;
            }
            _ => match again {
                Some((any_depth, tried)) if tried < path.len() => {
                    again = Some((any_depth, tried + 1));
                    part = any_depth + 1;
                    step = tried + 1;
                }
                _ => return false,
            },
        }
    }
}

fn part_matches(part: &PatternPart, step: &Step<'_>) -> bool {
    match (part, step) {
        (PatternPart::Any | PatternPart::AnyDepth, _) => true,
        (PatternPart::Name(name), Step::Name(found)) => name == found,
        (PatternPart::Name(name), Step::Position(position)) => name.parse() == Ok(*position),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by trying everything.
    fn reference(parts: &[PatternPart], path: &[Step<'_>]) -> bool {
        match (parts.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((PatternPart::AnyDepth, rest)), _) => {
                (0..=path.len()).any(|skipped| reference(rest, &path[skipped..]))
            }
            (Some((part, rest)), Some((step, below))) => part_matches(part, step) && reference(rest, below),
            _ => false,
        }
    }

    fn part() -> impl Strategy<Value = PatternPart> {
        prop_oneof![Just(PatternPart::Any), Just(PatternPart::AnyDepth), "[ab]".prop_map(PatternPart::Name),]
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_trying_everything_finds(
            parts in prop::collection::vec(part(), 1..7),
            names in prop::collection::vec("[ab]", 1..8),
        ) {
            let path: Vec<_> = names.iter().map(|name| Step::Name(name.into())).collect();
            prop_assert_eq!(parts_match(&parts, &path), reference(&parts, &path));
        }
    }

    #[test]
    fn a_pattern_of_many_depths_ends() {
        let parts: Vec<_> = (0..60).flat_map(|_| [PatternPart::AnyDepth, PatternPart::Any]).collect();
        let parts = [&parts[..], &[PatternPart::Name("z".to_owned())]].concat();
        let path = vec![Step::Name("a".into()); 127];
        assert!(!parts_match(&parts, &path));
    }
}
