//! Bytes that were once on a topic can be read for ever.
//!
//! `tests/golden/v<N>` holds, for every value, the schema of version N and the bytes of both samples. Files are never
//! changed. A new version of any schema adds a folder: `TRUNKLINE_GOLDEN=write` writes the files that are missing from
//! the newest one.

use std::path::{Path, PathBuf};

use trunkline_schemas::codec::{Decoder, Encoder};

use crate::samples::{Sample, for_every_value};

const SCHEMA_ID: u32 = 0x0102_0304;

fn versions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut versions: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.sort_by_key(|path| path.file_name().unwrap().to_str().unwrap()[1..].parse::<u32>().unwrap());
    versions
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn write_missing(file: &Path, content: &str) {
    if std::env::var("TRUNKLINE_GOLDEN").as_deref() == Ok("write") && !file.exists() {
        std::fs::write(file, content).unwrap();
    }
}

#[test]
fn today_s_encoding_is_that_of_the_newest_golden_version() {
    for_every_value!(encodes);
}

fn encodes<T: Sample>() {
    let newest = versions().pop().unwrap();
    let schema = newest.join(format!("{}.avsc", T::NAME));
    write_missing(&schema, T::SCHEMA);
    assert_eq!(read(&schema), T::SCHEMA, "{} changed: add a golden version", T::NAME);
    let mut encoder = Encoder::<T>::new(SCHEMA_ID);
    for (kind, sample) in T::samples() {
        let bytes = encoder.encode_to_vec(&sample).unwrap();
        let file = newest.join(format!("{}.{kind}.hex", T::NAME));
        write_missing(&file, &format!("{}\n", hex::encode(&bytes)));
        assert_eq!(read(&file).trim(), hex::encode(&bytes), "{} {kind}", T::NAME);
    }
}

#[test]
fn every_golden_version_is_decoded() {
    for_every_value!(decodes);
}

fn decodes<T: Sample>() {
    let versions = versions();
    for version in &versions {
        let mut decoder = Decoder::<T>::new();
        decoder.add_writer(SCHEMA_ID, &read(&version.join(format!("{}.avsc", T::NAME)))).unwrap();
        for (kind, sample) in T::samples() {
            let file = version.join(format!("{}.{kind}.hex", T::NAME));
            let decoded = decoder.decode(&hex::decode(read(&file).trim()).unwrap()).unwrap();
            if Some(version) == versions.last() {
                assert_eq!(decoded, sample, "{} {kind}", T::NAME);
            }
        }
    }
}
