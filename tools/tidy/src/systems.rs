//! Only the catalogue of systems and its implementation look at which system it is: a new system is one folder and one
//! row, since nothing else has a branch for each.

use crate::finding::Finding;
use crate::mask::is_word;
use crate::source::Source;
use crate::tree::Tree;

/// Where a branch for a system belongs.
const PLACES: [&str; 2] = ["crates/systems/", "crates/connect/src/systems"];

/// Programs that play the outside systems have a branch for each, and share nothing with the catalogue.
const PLAYERS: &str = "tools/simulators/";

/// Finds `System::Genesys =>` and its like, in patterns and in comparisons.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let elsewhere =
        |source: &&Source| !PLACES.iter().chain([&PLAYERS]).any(|place| source.path.starts_with(place));
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(elsewhere) {
        let branches =
            source.words("System").filter(|at| !source.in_test(*at) && is_branch(&source.code, *at));
        findings.extend(branches.map(|at| Finding::at(source.place(at), "a branch on `System`")));
    }
    findings
}

/// Whether a variant of `System` stands here as a pattern, or is compared with.
fn is_branch(code: &str, at: usize) -> bool {
    let Some(rest) = code[at..].strip_prefix("System::") else { return false };
    let variant = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
    if !rest.starts_with(char::is_uppercase) || rest[..variant].chars().all(|letter| !letter.is_lowercase()) {
        return false; // a function, or a constant such as `System::ALL`
    }
    let after = rest[variant..].trim_start_matches([')', ' ', '\n']);
    let before = code[..at].trim_end_matches(|letter: char| is_word(letter) || letter == ':').trim_end();
    let pattern =
        rest[variant..].trim_start().starts_with("=>") || after.starts_with("=>") || after.starts_with("| ");
    // `(System::Genesys, "upsert") =>` is a pattern too: one of the pattern's brackets holds it.
    let in_tuple = before.ends_with('(') && {
        let open = before.len() - 1;
        code[crate::source::closing(code, open) + 1..].trim_start().starts_with("=>")
    };
    let compared = ["==", "!=", "matches!(", "|"].iter().any(|sign| before.ends_with(sign))
        || ["==", "!="].iter().any(|sign| after.starts_with(sign));
    let bound = after.starts_with("= ") && before.ends_with("let");
    pattern || in_tuple || compared || bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratchet;
    use crate::tree::TREE;

    #[test]
    fn only_the_catalogue_looks_at_which_system_it_is() {
        let advice = "Ask the catalogue in crates/systems, or let crates/connect/src/systems implement it.";
        ratchet::hold("systems", &check(&TREE), advice);
    }

    #[test]
    fn a_branch_is_found_in_every_form_and_a_value_is_none() {
        for (code, branches) in [
            ("match x { System::Genesys => 1, System::Sap | System::Cxone => 2 }", 3),
            ("match x { config::System::Genesys => 1 }", 1),
            ("match x { (System::Genesys, \"a\") => 1, Some(System::Sap) => 2 }", 2),
            ("if x == System::Genesys || System::Sap != x {}", 2),
            ("if let System::Sap = x {}", 1),
            ("matches!(x, System::Sap | System::Cxone)", 2),
            ("let x = System::Genesys; f(System::Sap, 1); System::ALL; System::parse(\"a\") == y;", 0),
            ("const A: [(System, u8); 1] = [(System::Genesys, 1)];", 0),
            ("// match System::Genesys => 1\n#[cfg(test)] mod tests { fn a() { x == System::Sap; } }", 0),
            ("struct SubSystem; match x { SubSystem::Genesys => 1 }", 0),
        ] {
            let tree = Tree::made_up(&[("sink/src/a.rs", code), ("crates/systems/src/a.rs", code)]);
            assert_eq!(check(&tree).len(), branches, "{code}");
        }
    }
}
