//! "Did you mean …?"

/// Names that differ by more than this are no typing mistake (Damerau-Levenshtein, relative to length).
const SIMILARITY_MIN: f64 = 0.6;

/// `, did you mean 'x'?` for the candidate most like `name`, or nothing when none is.
pub fn did_you_mean<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    candidates
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map_or_else(String::new, |(_, candidate)| format!(", did you mean '{candidate}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_or_none() {
        let names = ["brokers", "prefix", "partitions", "replication"];
        let cases = [
            ("brokres", ", did you mean 'brokers'?"),
            ("partition", ", did you mean 'partitions'?"),
            ("zookeeper", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(did_you_mean(name, names.into_iter()), expected, "{name}");
        }
    }
}
