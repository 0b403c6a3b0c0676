//! What holds where the input is another log from some moment on.

use trunkline_schemas::PlatformEvent;

use super::Oracle;

impl Oracle {
    /// The input of a partition is another log from now on, with offsets of its own. Returns the events of the records
    /// below this offset of the one before.
    pub fn input_anew(&mut self, partition: i32, read_to: i64) -> Vec<PlatformEvent> {
        self.offsets[partition as usize] = 0;
        self.anew.insert(partition);
        let before = std::mem::take(&mut self.ledger[partition as usize]);
        before
            .into_iter()
            .take_while(|(at, _)| *at < read_to)
            .filter_map(|(_, record)| record.event)
            .collect()
    }

    /// Which of these events had no effect.
    pub fn missing<'e>(&self, events: &'e [PlatformEvent]) -> Vec<&'e str> {
        let missing = events.iter().filter(|event| !self.took_effect(event));
        missing.map(|event| event.event_id.as_str()).collect()
    }
}
