//! The folder of the processor's state.

use std::path::Path;
use std::time::Instant;

use trunkline_config::Processor;

use super::report::Report;

/// Writes a file there and removes it.
pub(super) fn probe(processor: &Processor, report: &mut Report) {
    let began = Instant::now();
    let folder = &processor.state_dir;
    let found = write_and_remove(folder)
        .map(|()| format!("{} can be written to", folder.display()))
        .map_err(|error| format!("{} cannot be written to: {error}", folder.display()));
    report.add("state folder", began, found);
}

fn write_and_remove(folder: &Path) -> std::io::Result<()> {
    // A folder that is not there yet is made by the processor; the probe leaves none behind.
    let made = !folder.exists();
    std::fs::create_dir_all(folder)?;
    let written =
        tempfile::NamedTempFile::new_in(folder).and_then(|file| std::fs::write(file.path(), b"probe"));
    if made {
        std::fs::remove_dir(folder)?;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("state");
        write_and_remove(&folder).unwrap();
        assert!(!folder.exists());
        std::fs::create_dir(&folder).unwrap();
        write_and_remove(&folder).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_its_place_is_a_failure() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("state");
        std::fs::write(&file, "").unwrap();
        assert!(write_and_remove(&file).is_err());
    }
}
