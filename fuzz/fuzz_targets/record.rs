//! RECORD files from strangers: what parses is read back as it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relkit::wheel::record::Record;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = Record::parse(bytes) {
        for row in &record.rows {
            let _ = (row.parsed_digest(), row.parsed_size());
        }
        assert_eq!(record.to_string().parse().as_ref(), Ok(&record));
    }
});
