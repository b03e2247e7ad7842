//! The records of a zip archive (APPNOTE 6.3.10) in the plain form that wheels use: no data descriptors, no extra fields
//! but zip64 sizes where they are needed, no comments.

use std::fmt;
use std::str::FromStr;

use crate::error::Explain;
use crate::fs::Mode;

/// From here on a size or offset does not fit 32 bits (the value itself marks a zip64 field).
const ZIP64_SIZE: u64 = 0xffff_ffff;

/// From here on the number of members does not fit 16 bits.
const ZIP64_COUNT: u64 = 0xffff;

/// The time of every member: seconds since 1970, within what zip can say. Displays as the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceDate(u64);

/// A value of `SOURCE_DATE_EPOCH` that is no number of seconds, or a time that no zip archive can state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SourceDateError {
    #[error("SOURCE_DATE_EPOCH is `{0}`, which is not a number of seconds since 1970")]
    Number(String),
    #[error("SOURCE_DATE_EPOCH is `{0}`, which is before 1980, and a zip archive holds no such date")]
    Early(String),
    #[error("SOURCE_DATE_EPOCH is `{0}`, which is after 2107, and a zip archive holds no such date")]
    Late(String),
}

impl Explain for SourceDateError {
    fn hint(&self) -> Option<String> {
        // As many digits have the days between 2001 and 2286 in these.
        let finer = match self {
            Self::Late(text) => match text.len() {
                13 => Some("milliseconds"),
                16 => Some("microseconds"),
                19 => Some("nanoseconds"),
                _ => None,
            },
            _ => None,
        };
        if let Some(finer) = finer {
            return Some(format!("it looks like {finer}: seconds are asked for, as `git log -1 --format=%ct` prints"));
        }
        Some("unset it, or set it to the seconds of such a time in digits, such as the output of `git log -1 --format=%ct`".into())
    }
}

impl SourceDate {
    /// 1980-01-01, the first day that zip knows: the time of files where `SOURCE_DATE_EPOCH` is not set.
    pub(crate) const DEFAULT: Self = Self(315_532_800);

    /// The last even second that zip knows: 2107-12-31 23:59:58.
    const LAST: u64 = 4_354_819_198;

    /// Seconds since 1970.
    pub(crate) fn seconds(self) -> u64 {
        self.0
    }

    /// The MS-DOS time and date fields, in UTC.
    fn dos(self) -> (u16, u16) {
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        let (mut year, mut day) = (1970, days);
        let length = |year: u64| {
            365 + u64::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)))
        };
        while day >= length(year) {
            day -= length(year);
            year += 1;
        }
        let february = length(year) - 337;
        let mut month = 1;
        for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if day < days {
                break;
            }
            day -= days;
            month += 1;
        }
        let time = ((second / 3600) << 11) | ((second / 60 % 60) << 5) | (second % 60 / 2);
        let date = (year - 1980) << 9 | month << 5 | (day + 1);
        (time as u16, date as u16)
    }
}

impl Default for SourceDate {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for SourceDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for SourceDate {
    type Err = SourceDateError;

    /// Reads a value of `SOURCE_DATE_EPOCH`; a time that zip cannot say is refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SourceDateError::Number(text.to_owned()));
        }
        // More digits than fit are a time after the last.
        let seconds: u64 = text.parse().unwrap_or(u64::MAX);
        match seconds {
            _ if seconds < Self::DEFAULT.0 => Err(SourceDateError::Early(text.to_owned())),
            _ if seconds > Self::LAST + 1 => Err(SourceDateError::Late(text.to_owned())),
            // Zip counts in steps of two seconds.
            _ => Ok(Self(seconds.min(Self::LAST))),
        }
    }
}

/// How the data of a member is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompressionMethod {
    Stored = 0,
    Deflated = 8,
}

/// A member whose data is written.
#[derive(Debug, Clone)]
pub(crate) struct WrittenMember {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) method: CompressionMethod,
    pub(crate) crc: u32,
    pub(crate) size: u64,
    pub(crate) compressed: u64,
    /// Where its local header begins.
    pub(crate) offset: u64,
}

impl WrittenMember {
    /// The version needed to extract: 2.0 for deflate, 4.5 where there are fields of zip64.
    fn version(extra: &RecordFields) -> u16 {
        if extra.0.is_empty() { 20 } else { 45 }
    }

    /// Bit 11 says that the name is UTF-8; ASCII names need no saying.
    fn flags(&self) -> u16 {
        if self.name.is_ascii() { 0 } else { 1 << 11 }
    }

    /// The header before the data. It can be written again when the compressed size is known, which changes its length for
    /// none of our own: data that deflate would make larger is stored. What is copied may be larger than it was.
    pub(crate) fn local_header(&self, date: SourceDate) -> Vec<u8> {
        let mut extra = RecordFields::default();
        let mut sizes = [self.compressed, self.size];
        if sizes.iter().any(|size| *size >= ZIP64_SIZE) {
            extra.eight(self.size).eight(self.compressed);
            sizes = [ZIP64_SIZE; 2];
        }
        let mut record = RecordFields::default();
        record.four(0x0403_4b50).two(Self::version(&extra)).two(self.flags()).two(self.method as u16);
        self.common(&mut record, date, sizes);
        record.two(self.name.len() as u16).two(extra.length());
        record.0.extend_from_slice(self.name.as_bytes());
        record.extra(&extra);
        record.0
    }

    /// The row of the central directory.
    pub(crate) fn central_header(&self, date: SourceDate) -> Vec<u8> {
        let mut extra = RecordFields::default();
        for value in [self.size, self.compressed, self.offset] {
            if value >= ZIP64_SIZE {
                extra.eight(value);
            }
        }
        let version = Self::version(&extra);
        let mut record = RecordFields::default();
        // Made by: Unix, so that the upper half of the external attributes is a mode.
        record.four(0x0201_4b50).two(3 << 8 | version).two(version).two(self.flags()).two(self.method as u16);
        self.common(&mut record, date, [self.compressed, self.size].map(|size| size.min(ZIP64_SIZE)));
        record.two(self.name.len() as u16).two(extra.length());
        record.two(0).two(0).two(0).four((0o100_000 | self.mode.bits()) << 16).four(self.offset.min(ZIP64_SIZE) as u32);
        record.0.extend_from_slice(self.name.as_bytes());
        record.extra(&extra);
        record.0
    }

    /// Date, CRC-32 and the two sizes as both headers have them: none is above `ZIP64_SIZE`.
    fn common(&self, record: &mut RecordFields, date: SourceDate, [compressed, size]: [u64; 2]) {
        let (time, day) = date.dos();
        record.two(time).two(day).four(self.crc).four(compressed as u32).four(size as u32);
    }
}

/// What ends the archive, for a central directory of `length` bytes at `offset` with `members` rows.
pub(crate) fn end(members: u64, offset: u64, length: u64) -> Vec<u8> {
    let mut record = RecordFields::default();
    if members >= ZIP64_COUNT || offset >= ZIP64_SIZE || length >= ZIP64_SIZE {
        record.four(0x0606_4b50).eight(44).two(3 << 8 | 45).two(45).four(0).four(0);
        record.eight(members).eight(members).eight(length).eight(offset);
        record.four(0x0706_4b50).four(0).eight(offset + length).four(1);
    }
    let count = members.min(ZIP64_COUNT) as u16;
    record.four(0x0605_4b50).two(0).two(0).two(count).two(count);
    record.four(length.min(ZIP64_SIZE) as u32).four(offset.min(ZIP64_SIZE) as u32).two(0);
    record.0
}

/// Little-endian fields, one after the other.
#[derive(Default)]
struct RecordFields(Vec<u8>);

impl RecordFields {
    /// How long they are as an extra field of zip64; no such field is without values.
    fn length(&self) -> u16 {
        if self.0.is_empty() { 0 } else { self.0.len() as u16 + 4 }
    }

    /// Adds these as the extra field of zip64.
    fn extra(&mut self, extra: &Self) {
        if !extra.0.is_empty() {
            self.two(1).two(extra.0.len() as u16);
            self.0.extend_from_slice(&extra.0);
        }
    }

    fn two(&mut self, value: u16) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn four(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn eight(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(size: u64, compressed: u64, offset: u64) -> WrittenMember {
        let (name, mode) = ("a/b".into(), Mode::Executable);
        WrittenMember { name, mode, method: CompressionMethod::Deflated, crc: 0x0102_0304, size, compressed, offset }
    }

    #[test]
    fn a_small_member_has_no_extra_field() {
        let entry = entry(10, 5, 7);
        let local = entry.local_header(SourceDate::DEFAULT);
        assert_eq!(local, b"PK\x03\x04\x14\0\0\0\x08\0\0\0\x21\0\x04\x03\x02\x01\x05\0\0\0\x0a\0\0\0\x03\0\0\0a/b");
        let central = entry.central_header(SourceDate::DEFAULT);
        assert_eq!(&central[..6], b"PK\x01\x02\x14\x03");
        assert_eq!(&central[28..46], b"\x03\0\0\0\0\0\0\0\0\0\0\0\xed\x81\x07\0\0\0");
        assert_eq!(central.len(), 46 + 3);
        assert_eq!(end(1, 99, 49).len(), 22);
    }

    #[test]
    fn zip64_stands_where_it_is_needed_and_nowhere_else() {
        for (size, compressed, offset, local_extra, central_extra) in [
            (ZIP64_SIZE - 1, ZIP64_SIZE - 1, ZIP64_SIZE - 1, 0, 0),
            (ZIP64_SIZE, 5, 5, 20, 12),
            (ZIP64_SIZE, ZIP64_SIZE, ZIP64_SIZE, 20, 28),
            (5, 5, ZIP64_SIZE, 0, 12),
            (ZIP64_SIZE - 1, ZIP64_SIZE, 5, 20, 12),
        ] {
            let entry = entry(size, compressed, offset);
            assert_eq!(entry.local_header(SourceDate::DEFAULT).len(), 30 + 3 + local_extra);
            let central = entry.central_header(SourceDate::DEFAULT);
            assert_eq!(central.len(), 46 + 3 + central_extra);
            if central_extra == 12 {
                assert_eq!(&central[46 + 3..46 + 7], [1, 0, 8, 0]);
                assert_eq!(&central[46 + 7..], ZIP64_SIZE.to_le_bytes());
            }
        }
        for (members, offset, length, size) in [
            (ZIP64_COUNT - 1, ZIP64_SIZE - 1, 9, 22),
            (ZIP64_COUNT, 9, 9, 22 + 56 + 20),
            (1, ZIP64_SIZE, 9, 22 + 56 + 20),
            (1, 9, ZIP64_SIZE, 22 + 56 + 20),
        ] {
            assert_eq!(end(members, offset, length).len(), size);
        }
    }

    #[test]
    fn a_name_beyond_ascii_is_marked() {
        let entry = WrittenMember { name: "é".into(), ..entry(1, 1, 0) };
        assert_eq!(entry.local_header(SourceDate::DEFAULT)[6..8], [0, 8]);
    }

    #[test]
    fn times_are_utc_and_within_what_zip_knows() {
        let dos = |text: &str| text.parse::<SourceDate>().unwrap().dos();
        let fields = |year: u16, month: u16, day: u16, hour: u16, minute: u16, second: u16| {
            ((hour << 11) | (minute << 5) | (second / 2), ((year - 1980) << 9) | (month << 5) | day)
        };
        assert_eq!(dos("315532800"), fields(1980, 1, 1, 0, 0, 0));
        assert_eq!(dos("1580601600"), fields(2020, 2, 2, 0, 0, 0));
        assert_eq!(dos("1709251199"), fields(2024, 2, 29, 23, 59, 58));
        assert_eq!(dos("4107542400"), fields(2100, 3, 1, 0, 0, 0));
        for last in ["4354819198", "4354819199"] {
            assert_eq!(dos(last), fields(2107, 12, 31, 23, 59, 58));
        }
        for (text, year) in [
            ("0", "1980"),
            ("315532799", "1980"),
            ("4354819200", "2107"),
            ("1580601600000", "2107"),
            ("1580601600000000", "2107"),
            ("1580601600000000000", "2107"),
            ("99999999999999999999999", "2107"),
        ] {
            let error = text.parse::<SourceDate>().unwrap_err();
            assert!(error.to_string().contains(text) && error.to_string().contains(year), "{error}");
            let is_finer = error.hint().unwrap().contains("seconds are asked for");
            assert_eq!(is_finer, matches!(text.len(), 13 | 16 | 19), "{text}");
        }
        for text in ["", "-1", "1.5", "now", "٣", " 1580601600", "1580601600\n"] {
            assert!(text.parse::<SourceDate>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(seconds in 315_532_800_u64..4_354_819_200) {
            let date: SourceDate = seconds.to_string().parse().unwrap();
            prop_assert_eq!(date.to_string().parse(), Ok(date));
            let (time, day) = date.dos();
            prop_assert!((1..=12).contains(&(day >> 5 & 15)) && (1..=31).contains(&(day & 31)));
            prop_assert!(time >> 11 < 24 && (time >> 5 & 63) < 60 && (time & 31) < 30);
        }
    }
}
