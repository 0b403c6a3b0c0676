//! Files that are looked at again and again.
//!
//! Contents are compared, not times or events: Kubernetes exchanges a symbolic link somewhere above the file, Docker
//! and editors exchange the file, and network file systems tell nobody.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;
use trunkline_config::{ExposeSecret, Secret, secret_text};

use crate::followed::{Followed, News};
use crate::report::{begin, report};
use crate::schedule::Schedule;
use crate::settling::{Look, Settling};

/// A longer file is none of a secret.
const LONGEST: u64 = 1024 * 1024;

/// Between two looks at a content that is new.
const SETTLE: Duration = Duration::from_millis(500);

/// A file.
#[derive(Debug)]
pub(crate) struct FileSource {
    path: PathBuf,
    followed: Followed,
    settling: Settling,
    schedule: Schedule,
}

// === impl FileSource ===

impl FileSource {
    /// A file that was read now, and is looked at this often.
    pub(crate) fn new(
        path: PathBuf,
        followed: Followed,
        interval: Duration,
        now: Instant,
        random: f64,
    ) -> Self {
        // After a failure as often as ever: a look costs nothing.
        let schedule = Schedule::new(interval, Backoff::new(interval, interval), now, random);
        Self { path, followed, settling: Settling::default(), schedule }
    }

    /// A look has found this; what it means.
    fn looked(&mut self, found: Result<Secret, String>, now: Instant, grace: Duration, random: f64) -> News {
        let found = found.and_then(|found| {
            let fits = self.followed.check(found.expose_secret());
            fits.map(|()| found).map_err(|wrong| format!("it is {wrong}"))
        });
        match &found {
            Err(_) => {
                self.settling.found_nothing();
                self.schedule.failed(now, random);
            }
            Ok(value) => {
                let current = self.followed.current();
                let look = current.map_or(Look::Settled, |current| self.settling.looked(value, &current));
                if look == Look::Unsettled {
                    self.schedule.look_again(now, SETTLE);
                    return News::None;
                }
                self.schedule.succeeded(now, None);
            }
        }
        self.followed.read(found, now, grace)
    }
}

/// Looks at files for ever.
pub(crate) async fn follow(mut files: Vec<FileSource>, grace: Duration) {
    files.iter().for_each(|file| begin(&file.followed));
    while let Some(due) = files.iter().map(|file| file.schedule.due()).min() {
        tokio::time::sleep_until(due.into()).await;
        let now = Instant::now();
        let paths: Vec<(usize, PathBuf)> = files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.schedule.due() <= now)
            .map(|(number, file)| (number, file.path.clone()))
            .collect();
        let looks = move || paths.into_iter().map(|(number, path)| (number, read(&path))).collect::<Vec<_>>();
        // A file system that does not answer keeps no other task from its work.
        let Ok(looks) = tokio::task::spawn_blocking(looks).await else { continue };
        let now = Instant::now();
        for (number, found) in looks {
            let Some(file) = files.get_mut(number) else { continue };
            let news = file.looked(found, now, grace, rand::random());
            report(&file.followed, &news);
        }
        files.iter().for_each(|file| file.followed.forget(now));
    }
}

/// The content of a file, or why there is none.
fn read(path: &Path) -> Result<Secret, String> {
    // Before it is opened: to open a pipe is to wait for who writes into it.
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut content = Vec::new();
    let length = file.take(LONGEST + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    if u64::try_from(length).is_ok_and(|length| length > LONGEST) {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    Ok(Secret::from(secret_text(content)?))
}

#[cfg(test)]
mod tests {
    use trunkline_config::{SecretHandle, SecretReference};

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    #[test]
    fn a_content_that_is_written_piece_by_piece_is_taken_when_it_is_whole() {
        let now = Instant::now();
        let handle = SecretHandle::from("old");
        let followed = Followed::new(&SecretReference::File("/x".into()), vec![handle.clone()]);
        let mut file = FileSource::new("/x".into(), followed, INTERVAL, now, 1.0);
        let mut look = |found: Result<&str, &str>| {
            let news = file.looked(found.map(Secret::from).map_err(str::to_owned), now, INTERVAL, 1.0);
            (news, file.schedule.due() - now, handle.current().expose_secret().to_owned())
        };
        let old = || "old".to_owned();
        assert_eq!(look(Ok("old")), (News::None, INTERVAL, old()));
        assert_eq!(look(Ok("ne")), (News::None, SETTLE, old()));
        assert_eq!(look(Ok("new")), (News::None, SETTLE, old()));
        assert_eq!(look(Ok("new")), (News::Changed, INTERVAL, "new".to_owned()));
        assert_eq!(
            look(Ok("")),
            (News::Lost("it is an empty secret".to_owned()), INTERVAL, "new".to_owned())
        );
        assert_eq!(look(Err("gone")), (News::StillLost, INTERVAL, "new".to_owned()));
        assert_eq!(look(Ok("new")), (News::Found { changed: false }, INTERVAL, "new".to_owned()));
        assert_eq!(handle.accepted(now).len(), 2, "the old one is accepted for a while");
    }

    #[test]
    fn what_is_no_file_of_a_secret_is_said_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("lines"), "one\ntwo\r\n").unwrap();
        std::fs::write(path("bytes"), b"hunter2\xff").unwrap();
        std::fs::write(path("long"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(read(&path("lines")).unwrap().expose_secret(), "one\ntwo");
        assert_eq!(read(folder.path()).unwrap_err(), "it is no regular file");
        assert_eq!(read(&path("long")).unwrap_err(), "it is longer than 1048576 bytes");
        assert_eq!(read(&path("bytes")).unwrap_err(), "invalid utf-8 sequence of 1 bytes from index 7");
        assert!(read(&path("gone")).unwrap_err().starts_with("No such file"));
    }
}
