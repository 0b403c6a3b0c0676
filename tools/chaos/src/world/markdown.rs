//! The table of the world's faults for people.

use anyhow::Context as _;

use super::{Played, TABLE, Who, WorldFault};

/// What stands before the table in a file …
pub const BEGIN: &str = "<!-- The table of faults begins: made from chaos/src/world, not by hand. -->";
/// … and behind it.
pub const END: &str = "<!-- The table of faults ends. -->";

/// The text with its table replaced by today's.
///
/// # Errors
/// When it has no place for one.
pub fn replaced(text: &str) -> anyhow::Result<String> {
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("there is no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("there is no line {END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{}\n{END}{after}", table()))
}

/// Today's table.
pub fn table() -> String {
    let parts = TABLE.iter().map(|(who, faults)| {
        let rows: String = faults.iter().map(row).collect();
        format!(
            "### {}\n\n| fault | what happens | threatens | played |\n|---|---|---|---|\n{rows}",
            heading(*who)
        )
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// What the part of one who does it is headed with.
pub fn heading(who: Who) -> &'static str {
    match who {
        Who::Network => "The network",
        Who::Brokers => "Brokers and coordinators",
        Who::Topics => "Topics",
        Who::Operators => "Operators",
        Who::Clocks => "Clocks",
        Who::Disks => "Disks",
        Who::Machines => "Machines and processes",
        Who::Platforms => "Platforms, as sources",
        Who::Systems => "CRMs and platforms, as targets",
        Who::Registry => "The schema registry",
    }
}

fn row(fault: &WorldFault) -> String {
    let played: Vec<String> = fault.played.iter().map(place).collect();
    format!("| `{}` | {} | {} | {} |\n", fault.id, fault.what, fault.threatens.join(" "), played.join("; "))
}

fn place(played: &Played) -> String {
    match played {
        Played::Simulation => "simulation".to_owned(),
        Played::Chaos { per_ten_minutes, .. } => format!("chaos, {per_ten_minutes} in ten minutes"),
        Played::Case(name) => format!("case `{name}`"),
        Played::Test(name) => {
            let (file, function) = name.split_once("::").unwrap_or((name, ""));
            format!("[{}](../{file})", function.replace('_', " "))
        }
        Played::Nowhere(why) => format!("nowhere yet: {why}"),
    }
}
