//! Whether a log that is read is still the one that was read, and whether everything in it that is not read yet is
//! still there.
//!
//! A committed offset is a number: it means nothing in a topic that was deleted and made anew, nor in a log that lost
//! its end, and retention may have taken what lies behind it. So what is saved of a log is a [`LogPosition`]: the
//! topic's id, the offset, and the last record below it with the epoch of the leader that appended it. [`judge`]
//! compares it with what the brokers say, and [`LogGuard`] says what follows: nothing is passed over that was not read
//! unless the configuration says so.
//!
//! The client compares leaders' epochs with the brokers' while it reads (KIP-320). What it finds comes as
//! [`Polled::OutOfRange`](crate::Polled::OutOfRange). Whether it finds it or not, each look [compares](Compared) a
//! record that was read with the one that lies there now: a log that lost its end and grew beyond it again has all its
//! offsets.
//!
//! # Layout
//!
//! Pure:
//! - [`LogPosition`], [`TopicId`], [`Mark`], [`mark`]: what is saved, and in which format
//! - [`Trail`]: the records that were read, to know the last one, and the last one below the watermark
//! - [`judge`]: a position against what the brokers say; [`Compared`]: the records that a look compares
//! - [`Finding`], [`LogGuard`]: what is not as it was, whether the partition goes on, and which [`Step`] follows
//!
//! The edge:
//! - [`LogReader`]: asks the brokers; `topic_ids`: what the client's safe interface does not ask
//! - [`LogWatch`]: the same every few seconds, beside a loop

mod compared;
mod finding;
mod guard;
mod judge;
mod position;
mod reader;
mod topic_ids;
mod trail;
mod watch;

pub use compared::Compared;
pub use finding::Finding;
pub use guard::{LogGuard, Opening, Step};
pub use judge::{AtLast, FirstUnread, LogNow, Verdict, judge};
pub use position::{LogPosition, Mark, TopicId, mark};
pub use reader::LogReader;
pub use trail::Trail;
pub use watch::{LogWatch, Looked, WatchThread, Watched};

use crate::consumer_error::ConsumerError;
use trunkline_schemas::record::TopicPartition;

/// Where the brokers are asked about logs.
pub trait LogLooks {
    /// What they say of these partitions, of each with what is saved of it.
    ///
    /// # Errors
    /// [`ConsumerError`] when they do not answer.
    fn look(
        &mut self,
        partitions: &[(TopicPartition, Option<LogPosition>)],
    ) -> Result<Vec<LogNow>, ConsumerError>;
}
