//! Follows the load generator's ledger while it is written, so that the screen knows every answer.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use trunkline_load::ledger::Line;

use crate::progress::Progress;

const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Feeds every line of the ledger to `progress`, for ever; the file may not be there yet.
pub async fn follow(path: PathBuf, progress: Arc<Mutex<Progress>>) {
    let mut reader = loop {
        match std::fs::File::open(&path) {
            Ok(file) => break BufReader::new(file),
            Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    };
    let mut text = String::new();
    loop {
        match reader.read_line(&mut text) {
            // A line is complete when its end is there; until then what was read of it is kept.
            Ok(read) if read > 0 && text.ends_with('\n') => {
                if let Ok(line) = serde_json::from_str::<Line>(&text) {
                    let status = (line.status > 0).then_some(line.status);
                    progress.lock().answered(status, &line.event_ids, line.scheduled_at);
                }
                text.clear();
            }
            _ => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}
