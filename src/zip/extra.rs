//! The extra fields of central and local headers (APPNOTE 6.3.10, section 4.5): zip64 values, and whatever should not be
//! there.

use super::defect::{DefectKind, Defects};
use super::fields::Fields;

/// What a 32-bit field holds whose value stands in the zip64 field.
const ELSEWHERE: u64 = 0xffff_ffff;
const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;

/// The fields of a header that zip64 widens.
pub(super) struct Wide {
    pub(crate) size: u64,
    pub(crate) compressed_size: u64,
    /// Central headers alone state one.
    pub(crate) offset: Option<u64>,
}

/// Reads the extra fields of the header of an entry; `narrow` holds its 32-bit values.
pub(super) fn widen(defects: &mut Defects, name: &str, extra: &[u8], narrow: Wide) -> Wide {
    let fields = Fields(extra);
    let place = if narrow.offset.is_some() { "central directory" } else { "local header" };
    let mut wide = narrow;
    let mut seen: Vec<u16> = Vec::new();
    let mut at = 0;
    while at < extra.len() {
        let parsed = fields.u16(at).zip(fields.u16(at + 2));
        let field = parsed.and_then(|(id, length)| Some((id, fields.slice(at + 4, length.into())?)));
        let Some((id, data)) = field else {
            let message = format!("the extra fields of the {place} cannot be parsed");
            defects.of(DefectKind::ExtraFieldWrong, name, message);
            return wide;
        };
        let again = seen.contains(&id);
        if again && matches!(id, ZIP64 | UNICODE_PATH) {
            let message = format!("extra field {id:#06x} stands twice in the {place}");
            defects.of(DefectKind::ExtraFieldWrong, name, message);
        }
        match id {
            ZIP64 if again => {}
            ZIP64 => zip64(defects, name, data, &mut wide),
            // Version, CRC of the name, then the name again (APPNOTE 4.6.9).
            UNICODE_PATH if data.get(5..) == Some(name.as_bytes()) => {
                defects.of(DefectKind::ExtraField, name, format!("the {place} has extra field {id:#06x}"));
            }
            UNICODE_PATH => {
                let message = format!("a unicode path extra field in the {place} gives the entry a second name");
                defects.of(DefectKind::UnicodePath, name, message);
            }
            _ => defects.of(DefectKind::ExtraField, name, format!("the {place} has extra field {id:#06x}")),
        }
        if seen.len() < 16 {
            seen.push(id);
        }
        at += 4 + data.len();
    }
    wide
}

fn zip64(defects: &mut Defects, name: &str, data: &[u8], wide: &mut Wide) {
    let central = wide.offset.is_some();
    let (mut at, mut needed, mut missing, mut small) = (0, false, false, true);
    for value in [&mut wide.size, &mut wide.compressed_size].into_iter().chain(wide.offset.as_mut()) {
        if *value != ELSEWHERE {
            continue;
        }
        needed = true;
        match Fields(data).u64(at) {
            Some(stated) => {
                small &= stated < ELSEWHERE;
                *value = stated;
            }
            None => missing = true,
        }
        at += 8;
    }
    if missing {
        defects.of(DefectKind::Zip64, name, "the zip64 extra field is too short for the values it must hold");
    } else if !needed {
        defects.of(DefectKind::Zip64Needless, name, "the entry has a zip64 extra field that replaces no value");
    } else if small && central {
        defects.of(DefectKind::Zip64Needless, name, "the entry uses zip64 for values that fit without it");
    }
    let spare = data.len().saturating_sub(at);
    if needed && !matches!(spare, 0 | 4 | 8) {
        defects.of(DefectKind::Zip64, name, format!("the zip64 extra field holds {spare} bytes too many"));
    }
}
