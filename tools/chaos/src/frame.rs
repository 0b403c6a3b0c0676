//! What can be read of Kafka's protocol without knowing every message: the head of a request, and of two answers.
//!
//! Frames are given without the four bytes of their length. All numbers are big-endian.

/// Numbers of the requests that are of interest here.
pub const END_TXN: i16 = 26;

/// The head of a request, the same in every version of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// What is asked for, for instance [`END_TXN`].
    pub api_key: i16,
    /// In which version.
    pub api_version: i16,
    /// Comes back in the answer.
    pub correlation_id: i32,
}

/// Since this version the answer to EndTxn has a head that can be extended, one byte long while it is not.
const END_TXN_FLEXIBLE: i16 = 3;

/// The head of a request; none when the frame is too short to be one.
pub fn request(frame: &[u8]) -> Option<Request> {
    Some(Request {
        api_key: i16::from_be_bytes(part(frame, 0)?),
        api_version: i16::from_be_bytes(part(frame, 2)?),
        correlation_id: i32::from_be_bytes(part(frame, 4)?),
    })
}

/// Which request an answer belongs to.
pub fn correlation_id(answer: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(part(answer, 0)?))
}

/// The error code in the answer to an EndTxn of the version given; 0 is success. None when the answer is cut short, or
/// its head has extensions.
pub fn end_txn_error(api_version: i16, answer: &[u8]) -> Option<i16> {
    let head = if api_version < END_TXN_FLEXIBLE {
        4
    } else if answer.get(4) == Some(&0) {
        5
    } else {
        return None;
    };
    let throttle = 4;
    Some(i16::from_be_bytes(part(answer, head + throttle)?))
}

/// The name of an error code that EndTxn may be answered with.
pub fn error_name(code: i16) -> String {
    match code {
        0 => "NONE".to_owned(),
        14 => "COORDINATOR_LOAD_IN_PROGRESS".to_owned(),
        15 => "COORDINATOR_NOT_AVAILABLE".to_owned(),
        16 => "NOT_COORDINATOR".to_owned(),
        47 => "INVALID_PRODUCER_EPOCH".to_owned(),
        48 => "INVALID_TXN_STATE".to_owned(),
        49 => "INVALID_PRODUCER_ID_MAPPING".to_owned(),
        51 => "CONCURRENT_TRANSACTIONS".to_owned(),
        90 => "PRODUCER_FENCED".to_owned(),
        other => format!("error {other}"),
    }
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An EndTxn as librdkafka sends it: version 1, correlation id 7, client id "p".
    const REQUEST: [u8; 11] = [0, 26, 0, 1, 0, 0, 0, 7, 0, 1, b'p'];

    #[test]
    fn the_head_of_a_request_is_read() {
        let head = Request { api_key: END_TXN, api_version: 1, correlation_id: 7 };
        assert_eq!(request(&REQUEST), Some(head));
        assert_eq!(request(&REQUEST[..7]), None);
        assert_eq!(request(&[]), None);
    }

    #[test]
    fn an_answer_names_its_request_and_its_error() {
        for (version, answer, error) in [
            (1, &[0, 0, 0, 7, 0, 0, 0, 0, 0, 0][..], Some(0)),
            (2, &[0, 0, 0, 7, 0, 0, 0, 9, 0, 47][..], Some(47)),
            (3, &[0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 90, 0][..], Some(90)),
            (3, &[0, 0, 0, 7, 1, 0, 0, 0, 0, 0, 90, 0][..], None),
            (1, &[0, 0, 0, 7, 0, 0, 0, 0, 0][..], None),
        ] {
            assert_eq!(correlation_id(answer), Some(7));
            assert_eq!(end_txn_error(version, answer), error, "{answer:?}");
        }
        assert_eq!(correlation_id(&[0, 0, 0]), None);
    }

    #[test]
    fn errors_have_kafkas_names() {
        assert_eq!(error_name(47), "INVALID_PRODUCER_EPOCH");
        assert_eq!(error_name(-1), "error -1");
    }
}
