//! What the engine asks of its surroundings, beside the brokers, the clock and the source of schemas, which it shares
//! with the other stream loop, and beside the store and restores.

use trunkline_partition::plugins::{LookedUp, LookupOrder, Message, Question};
use trunkline_partition::task::LookupRequest;
use trunkline_schemas::CustomerProfile;

/// Where profiles are fetched.
pub trait ProfileLookups {
    /// Asks for a customer, unless that is under way already.
    fn request(&mut self, request: LookupRequest);

    /// A customer was erased: what is asked for is asked anew, without what was found out before.
    fn forget(&mut self, customer: &str);

    /// The profiles fetched since the last call.
    fn take_answers(&mut self) -> Vec<CustomerProfile>;

    /// Lookups under way.
    fn in_flight(&self) -> usize;

    /// True when enough of them wait for their turn: the stream should pause.
    fn is_saturated(&self) -> bool;
}

/// Where the records of `customer.profiles` are read that other instances write, and our own.
pub trait ProfileRecords {
    /// This instance has so many partitions of the input: where it has all of them, nobody else writes, and only
    /// erasures come.
    fn owns(&mut self, partitions: usize);

    /// The customer of the next record, if one is here, and what it says; `None` for an erasure.
    fn next(&mut self) -> Option<(String, Option<CustomerProfile>)>;
}

/// Where the ends of the input's partitions are asked for, beside the loop.
pub trait InputEnds {
    /// Asks where these partitions end. One question at a time: the next only after the answer to this one.
    fn ask(&mut self, partitions: Vec<i32>);

    /// What came of the question, as far as it was answered: each partition with the offset behind its last record,
    /// committed or not, at some moment since it was asked. `None` as long as nothing has come of it.
    fn answer(&mut self) -> Option<Vec<(i32, i64)>>;
}

/// The threads that plugins run on.
pub trait PluginThreads {
    /// Gives a question to the present thread of a plugin (by its index among those that were registered).
    fn ask(&mut self, plugin: usize, question: Question);

    /// Gives up the present thread of a plugin, and starts another of this number.
    ///
    /// # Errors
    /// Why there is no other to be had.
    fn replace(&mut self, plugin: usize, thread: u64) -> Result<(), String>;

    /// The next message of any thread.
    fn next_message(&mut self) -> Option<Message>;
}

/// Where plugins have sources looked up, beside the loop.
pub trait PluginLookups {
    /// Asks a source. It is answered once, and not long after the order's end.
    fn look_up(&mut self, order: LookupOrder);

    /// The next answer of any source.
    fn next_answer(&mut self) -> Option<LookedUp>;
}
