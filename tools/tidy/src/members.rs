//! Members of the workspace are sorted, and the build of the image sees every one of them: cargo refuses to build any
//! crate when the folder of one member is missing.

use crate::finding::Finding;
use crate::tree::Tree;

/// Finds members that stand in another order than the alphabet's within their folder.
pub fn unsorted(tree: &Tree) -> Vec<Finding> {
    let members = members(tree);
    let pairs = members.iter().zip(members.iter().skip(1));
    let wrong = pairs.filter(|((_, one), (_, next))| folder(one) == folder(next) && one > next);
    wrong.map(|((_, one), (line, next))| at(*line, format!("'{next}' stands behind '{one}'"))).collect()
}

/// Finds members that `.dockerignore` keeps out of the image's build.
pub fn ignored(tree: &Tree) -> Vec<Finding> {
    let passed: Vec<&str> =
        tree.text(".dockerignore").lines().filter_map(|line| line.trim().strip_prefix('!')).collect();
    let passes = |member: &str| {
        passed.iter().any(|folder| {
            member.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let members = members(tree).into_iter().filter(|(_, member)| !passes(member));
    members
        .map(|(line, member)| at(line, format!("'.dockerignore' does not let '{member}' through")))
        .collect()
}

fn at(line: usize, what: String) -> Finding {
    Finding::at(format!("Cargo.toml:{line}"), what)
}

fn folder(member: &str) -> &str {
    member.split_once('/').map_or("", |(folder, _)| folder)
}

/// The members of the workspace with the line that each stands in.
fn members(tree: &Tree) -> Vec<(usize, &str)> {
    let lines = tree.text("Cargo.toml").lines().enumerate();
    let lines = lines
        .skip_while(|(_, line)| !line.starts_with("members"))
        .take_while(|(_, line)| !line.starts_with(']'));
    lines
        .flat_map(|(number, line)| line.split('"').skip(1).step_by(2).map(move |member| (number + 1, member)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::expect_none;
    use crate::tree::TREE;

    #[test]
    fn members_are_sorted_within_their_folder() {
        assert!(members(&TREE).len() > 15);
        expect_none(&unsorted(&TREE), "Sort the members of each folder by the alphabet.");
    }

    #[test]
    fn the_image_is_built_with_every_member() {
        expect_none(&ignored(&TREE), "Add a line with '!' and the folder to .dockerignore.");
    }

    #[test]
    fn a_member_out_of_order_or_left_out_is_found() {
        let tree = Tree::made_up(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\n \"b\", \"a\",\n \"x/b\", \"x/c\",\n \"x/a\", \"xy\"\n]\n",
            ),
            (".dockerignore", "*\n!a\n!b\n!x\n"),
        ]);
        let places =
            |findings: Vec<Finding>| findings.into_iter().map(|found| found.place).collect::<Vec<_>>();
        assert_eq!(places(unsorted(&tree)), ["Cargo.toml:3", "Cargo.toml:5"]);
        assert_eq!(places(ignored(&tree)), ["Cargo.toml:5"]);
    }
}
