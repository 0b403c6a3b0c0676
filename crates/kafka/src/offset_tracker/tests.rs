//! What holds of finished offsets, and of what is saved of them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn state(offsets: &OffsetTracker) -> (Option<i64>, Vec<i64>) {
    (offsets.watermark(), offsets.above_watermark().collect())
}

#[test]
fn the_watermark_stops_at_the_first_unfinished_offset_and_holes_do_not_hold_it() {
    let mut offsets = OffsetTracker::restored(Some(10), []);
    for offset in [10, 11, 13] {
        assert_eq!(offsets.read(offset), Seen::New);
    }
    offsets.finish(11);
    offsets.finish(13);
    assert_eq!(state(&offsets), (Some(10), vec![11, 13]));
    offsets.finish(10);
    // 12 is a hole (a control record, say): it is never read and must not hold the watermark.
    assert_eq!(state(&offsets), (Some(14), vec![]));
}

#[test]
fn what_was_finished_before_is_skipped_when_it_is_read_again_and_nothing_else() {
    let mut offsets = OffsetTracker::restored(Some(10), [8, 12, 15]);
    assert_eq!(state(&offsets), (Some(10), vec![12, 15]));
    assert_eq!(offsets.read(10), Seen::New);
    assert_eq!(offsets.read(12), Seen::Done);
    offsets.finish(10);
    assert_eq!(state(&offsets), (Some(13), vec![15]), "15 is finished but 13 and 14 were not read yet");
    assert_eq!(offsets.read(9), Seen::BelowWatermark);
    assert_eq!(state(&offsets), (Some(13), vec![15]), "it does not take the watermark back");
}

#[test]
fn a_record_below_the_watermark_holds_it_back_only_where_its_owner_takes_it() {
    let mut offsets = OffsetTracker::restored(Some(10), [12]);
    assert_eq!(offsets.read(0), Seen::BelowWatermark);
    offsets.read_below(0);
    assert_eq!(state(&offsets), (Some(0), vec![12]));
    offsets.finish(0);
    assert_eq!(state(&offsets), (Some(10), vec![12]));
}

#[test]
fn a_partition_that_was_never_committed_has_no_watermark_until_it_is_read() {
    let mut offsets = OffsetTracker::restored(None, []);
    assert_eq!((state(&offsets), offsets.take_changed()), ((None, vec![]), None));
    assert_eq!(offsets.read(7), Seen::New);
    assert_eq!(state(&offsets), (Some(7), vec![]));
    offsets.finish(7);
    assert_eq!(state(&offsets), (Some(8), vec![]));
}

#[test]
fn reading_twice_counts_once() {
    let mut offsets = OffsetTracker::restored(Some(0), []);
    assert_eq!(offsets.read(0), Seen::New);
    assert_eq!(offsets.read(0), Seen::Pending);
    assert_eq!(offsets.unfinished(), 1);
    offsets.finish(0);
    offsets.finish(0);
    assert_eq!(state(&offsets), (Some(1), vec![]));
}

#[test]
fn a_compacted_record_below_a_finished_one_does_not_keep_it_for_ever() {
    let mut offsets = OffsetTracker::restored(Some(10), [12]);
    assert_eq!(offsets.read(13), Seen::New);
    assert_eq!(state(&offsets), (Some(13), vec![]));
    let saved = SavedOffsets { watermark: 13, finished: vec![] };
    assert_eq!(offsets.take_changed(), Some(saved), "12 is saved no longer");
}

#[test]
fn the_set_is_saved_when_it_changed_and_when_the_last_commit_turned_out_not_to_hold_it() {
    let mut offsets = OffsetTracker::restored(Some(0), []);
    let saved = Some(SavedOffsets { watermark: 0, finished: vec![1] });
    offsets.read(0);
    offsets.read(1);
    assert_eq!(offsets.take_changed(), None, "nothing is finished");
    offsets.finish(1);
    assert_eq!(offsets.take_changed(), saved);
    assert_eq!(offsets.take_changed(), None);
    offsets.saved_is(&[1]);
    assert_eq!(offsets.take_changed(), None, "the commit took effect");
    offsets.saved_is(&[]);
    assert_eq!(offsets.take_changed(), saved, "the commit took no effect");
    for offset in [2, 3] {
        offsets.read(offset);
        offsets.finish(offset);
    }
    offsets.finish(0);
    assert_eq!(offsets.take_changed(), Some(SavedOffsets { watermark: 4, finished: vec![] }));
    offsets.read(4);
    offsets.finish(4);
    assert_eq!(offsets.take_changed(), None, "what finishes in order leaves nothing to save");
}

#[test]
fn ten_thousand_offsets_fit_into_a_small_record() {
    let finished = (0..10_000).map(|n| 1_000_000_000 + n * 100).collect();
    let value = SavedOffsets { watermark: 1_000_000_000, finished }.encode().unwrap();
    assert!(value.len() < 11_000, "{}", value.len());
}

#[test]
fn what_is_written_has_these_bytes_and_what_was_written_before_is_read() {
    let saved = SavedOffsets { watermark: 10, finished: vec![12, 15, 150] };
    assert_eq!(saved.encode().unwrap(), [3, 20, 3, 2, 3, 135, 1]);
    for (bytes, earlier, watermark) in [
        (&[3, 20, 3, 2, 3, 135, 1][..], Earlier::SinkState, 10),
        (&[3, 20, 3, 2, 3, 135, 1], Earlier::ProcessorChangelog, 10),
        (&[1, 20, 3, 2, 3, 135, 1], Earlier::SinkState, 10),
        (&[1, 3, 24, 30, 172, 2], Earlier::ProcessorChangelog, 12),
        (&[2, 3, 24, 30, 172, 2], Earlier::ProcessorChangelog, 12),
    ] {
        let expected = SavedOffsets { watermark, finished: vec![12, 15, 150] };
        assert_eq!(SavedOffsets::decode(bytes, earlier), Ok(expected), "{bytes:?} of {earlier:?}");
    }
}

#[test]
fn a_later_format_is_refused_by_name_and_one_of_the_other_topic_is_not_misread() {
    for earlier in [Earlier::SinkState, Earlier::ProcessorChangelog] {
        let found = SavedOffsets::decode(&[9, 0, 0], earlier);
        assert_eq!(found, Err(SavedOffsetsError::Newer { found: 9 }));
    }
    let found = SavedOffsets::decode(&[2, 0], Earlier::SinkState);
    assert!(matches!(found, Err(SavedOffsetsError::Malformed(_))), "{found:?}");
}

proptest! {
    #[test]
    fn what_is_not_finished_is_read_again_after_a_crash(
        finished in prop::collection::btree_set(0i64..60, 0..60),
    ) {
        let mut offsets = OffsetTracker::restored(Some(0), []);
        for offset in 0..60 {
            offsets.read(offset);
        }
        for offset in &finished {
            offsets.finish(*offset);
        }
        let watermark = offsets.watermark().unwrap();
        let saved = offsets.take_changed().unwrap_or_default();
        let saved = SavedOffsets::decode(&saved.encode().unwrap(), Earlier::SinkState).unwrap();
        let mut again = OffsetTracker::restored(Some(watermark), saved.finished);
        let reread: BTreeSet<i64> =
            (watermark..60).filter(|offset| again.read(*offset) == Seen::New).collect();
        let unfinished: BTreeSet<i64> = (0..60).filter(|offset| !finished.contains(offset)).collect();
        prop_assert_eq!(reread, unfinished);
    }

    #[test]
    fn what_is_saved_is_read_back(
        watermark in 0i64..1 << 60,
        distances in prop::collection::vec(1i64..1000, 0..200),
    ) {
        let finished = distances.iter().scan(watermark, |at, d| { *at += d; Some(*at) }).collect();
        let saved = SavedOffsets { watermark, finished };
        prop_assert_eq!(SavedOffsets::decode(&saved.encode().unwrap(), Earlier::ProcessorChangelog), Ok(saved));
    }

    #[test]
    fn any_bytes_give_offsets_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = SavedOffsets::decode(&bytes, Earlier::SinkState);
        let _ = SavedOffsets::decode(&bytes, Earlier::ProcessorChangelog);
    }
}
