//! Modules of one crate depend on each other in one direction: each can then be read, tested and moved without the
//! next. Looked at are the modules directly below a crate's root, each with all that lies in its folder.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::mask::is_word;
use crate::source::{Source, end_of_item};
use crate::tree::Tree;

/// Finds groups of modules that reach each other: one finding a group, which counts its modules.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in tree.sources.iter().filter(|source| !source.is_test()) {
        if let Some((folder, _)) = source.path.split_once("/src/") {
            crates.entry(folder).or_default().push(source);
        }
    }
    crates.into_iter().flat_map(|(folder, sources)| circles(folder, &sources)).collect()
}

/// What each module uses, and an example of where.
type Uses<'a> = BTreeMap<&'a str, BTreeMap<String, String>>;

fn circles(folder: &str, sources: &[&Source]) -> Vec<Finding> {
    let mut graph: Uses<'_> = sources.iter().map(|source| (module(source)[0], BTreeMap::new())).collect();
    let modules: BTreeSet<&str> = graph.keys().copied().collect();
    let exported = exports(sources, &modules);
    for source in sources {
        let from = module(source)[0];
        for (at, path) in paths(source) {
            let first = path.first().map(String::as_str).unwrap_or_default();
            let target = modules.get(first).copied().or_else(|| exported.get(first).copied());
            if let (Some(target), Some(uses)) = (target.filter(|target| *target != from), graph.get_mut(from))
            {
                uses.entry(target.to_owned()).or_insert_with(|| source.place(at));
            }
        }
    }
    for root in ["lib", "main"] {
        graph.remove(root); // the root names all its modules
    }
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|from| (*from, reachable(&graph, from))).collect();
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (from, targets) in &reach {
        let group: BTreeSet<&str> = targets
            .iter()
            .copied()
            .filter(|to| reach.get(to).is_some_and(|back| back.contains(from)))
            .collect();
        if group.len() > 1 && seen.insert(group.clone()) {
            findings.push(finding(folder, &group, &graph));
        }
    }
    findings
}

fn finding(folder: &str, group: &BTreeSet<&str>, graph: &Uses<'_>) -> Finding {
    let names = group.iter().copied().collect::<Vec<_>>().join(" ");
    let uses = group.iter().flat_map(|from| graph[from].iter().map(move |(to, place)| (from, to, place)));
    let uses = uses.filter(|(_, to, _)| group.contains(to.as_str()));
    let ways: Vec<String> = uses.map(|(from, to, place)| format!("{from} uses {to} at {place}")).collect();
    Finding {
        key: format!("{folder}: {names}"),
        amount: group.len(),
        place: format!("{folder}/src:1"),
        what: format!("the modules {names} use each other in a circle: {}", ways.join(", ")),
    }
}

fn reachable<'a>(graph: &'a Uses<'_>, from: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(next) = open.pop() {
        for to in graph.get(next).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(to.as_str()) {
                open.push(to);
            }
        }
    }
    seen
}

/// The path of a file's module below the crate's root, such as `[task, lane]`; the root's own is `[lib]`.
fn module(source: &Source) -> Vec<&str> {
    let path = source.path.split_once("/src/").map_or("", |(_, path)| path).trim_end_matches(".rs");
    path.trim_end_matches("/mod").split('/').collect()
}

/// What the root exports from its modules: by the exported name, the module.
fn exports<'a>(sources: &[&Source], modules: &BTreeSet<&'a str>) -> BTreeMap<String, &'a str> {
    let mut exports = BTreeMap::new();
    for source in sources.iter().filter(|source| module(source) == ["lib"]) {
        for at in source.words("use") {
            for path in spelled_out(&source.code[at + "use".len()..=end_of_use(&source.code, at)]) {
                let path: Vec<&str> =
                    path.iter().map(String::as_str).filter(|part| *part != "self").collect();
                if let [first, .., last] = path[..]
                    && let Some(module) = modules.get(first)
                {
                    exports.insert(last.to_owned(), *module);
                }
            }
        }
    }
    exports
}

fn end_of_use(code: &str, at: usize) -> usize {
    code[at..].find(';').map_or_else(|| end_of_item(code, at), |length| at + length)
}

/// Paths of a file that begin at the crate's root, by `crate` or by enough of `super`, with where they stand.
fn paths(source: &Source) -> Vec<(usize, Vec<String>)> {
    let own = module(source);
    let mut found = Vec::new();
    for start in ["crate", "super"] {
        for at in source.words(start).filter(|at| !source.in_test(*at)) {
            if source.code[..at].ends_with("::") || !source.code[at + start.len()..].starts_with("::") {
                continue; // the second of `super::super`, or `pub(crate)`
            }
            for mut path in spelled_out(&source.code[at..]) {
                let up = path.iter().take_while(|part| *part == "super").count();
                if start == "super" && up < own.len() {
                    continue; // stays below its own module
                }
                path.drain(..up.max(1));
                found.push((at, path));
            }
        }
    }
    found
}

/// The paths that a path with groups stands for: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn spelled_out(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    spell(&mut code.trim_start(), &[], &mut paths);
    paths
}

fn spell(rest: &mut &str, before: &[String], paths: &mut Vec<Vec<String>>) {
    let mut path = before.to_vec();
    loop {
        *rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            *rest = group;
            while !rest.trim_start().starts_with('}') && !rest.is_empty() {
                let length = rest.len();
                spell(rest, &path, paths);
                *rest = rest.trim_start().trim_start_matches(',').trim_start();
                if rest.len() == length {
                    return; // nothing that is a path
                }
            }
            *rest = rest.trim_start().trim_start_matches('}');
            return;
        }
        let end = rest.find(|letter| !is_word(letter) && letter != '*').unwrap_or(rest.len());
        path.push(rest[..end].to_owned());
        *rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(more) if !more.starts_with('<') => *rest = more,
            _ => break,
        }
    }
    if let Some(name) = rest.trim_start().strip_prefix("as ") {
        *rest = name.trim_start().trim_start_matches(is_word);
    }
    paths.push(path);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratchet;
    use crate::tree::TREE;

    #[test]
    fn modules_depend_in_one_direction() {
        let advice = "Move what both need into a module below them.";
        ratchet::hold("circles", &check(&TREE), advice);
    }

    #[test]
    fn a_path_with_groups_is_spelled_out() {
        let paths: Vec<String> =
            spelled_out("a::{b, c::{d as e, self}, f::*};").iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["a::b", "a::c::d", "a::c::self", "a::f::*"]);
    }

    #[test]
    fn a_circle_is_found_however_it_is_closed() {
        for (a, b, circle) in [
            ("use crate::b::B;", "use crate::a::A;", true),
            ("use crate::{c::C, b::{B}};", "fn f() { crate::a::f() }", true),
            ("use super::b;", "use crate::A;", true),
            ("use crate::b::B;", "use crate::c::C;", false),
            ("use crate::b::B;", "// crate::a::A\n#[cfg(test)] mod tests { use crate::a::A; }", false),
        ] {
            let files = [
                ("x/src/lib.rs", "mod a; mod b; mod c;\npub use a::{A, f};\npub use b::B;"),
                ("x/src/a.rs", a),
                ("x/src/b/inner.rs", b),
                ("x/src/b.rs", "mod inner; use inner::B;"),
                ("x/src/c.rs", "pub struct C;"),
            ];
            let keys: Vec<String> =
                check(&Tree::made_up(&files)).into_iter().map(|finding| finding.key).collect();
            assert_eq!(keys, if circle { vec!["x: a b"] } else { vec![] }, "{a} {b}");
        }
    }
}
