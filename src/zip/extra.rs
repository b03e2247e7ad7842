//! The extra fields of central and local headers (APPNOTE 6.3.10, section 4.5): zip64 values, and whatever should not be
//! there.

use std::collections::BTreeSet;

use super::defect::{DefectKind, Defects};
use super::fields::Fields;
use super::member::STORED;

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
    /// Whether the number of the disk stands in the zip64 field too.
    pub(crate) is_disk_elsewhere: bool,
    pub(crate) method: u16,
}

/// Reads the extra fields of the header of an entry; `narrow` holds its 32-bit values.
pub(super) fn widen(defects: &mut Defects, name: &str, extra: &[u8], narrow: Wide) -> Wide {
    let fields = Fields(extra);
    let is_central = narrow.offset.is_some();
    let place = if is_central { "central directory" } else { "local header" };
    let mut wide = narrow;
    let (mut seen, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    let mut plain = Vec::new();
    let mut at = 0;
    while at < extra.len() {
        let parsed = fields.u16(at).zip(fields.u16(at + 2));
        let field = parsed.and_then(|(id, length)| Some((id, fields.slice(at + 4, length.into())?)));
        let Some((id, data)) = field else {
            // Nobody looks at less than the head of a field there; of local headers the index does.
            if is_central && extra.len() - at < 4 {
                let message = format!("{} bytes behind the extra fields of the {place} are no field", extra.len() - at);
                defects.of(DefectKind::ExtraField, name, message);
                break;
            }
            let message = format!("the extra fields of the {place} cannot be parsed");
            defects.of(DefectKind::ExtraFieldWrong, name, message);
            break;
        };
        // The index minds zip64 and unicode path, uv all of them. What stands twice is told once.
        let again = !seen.insert(id);
        if again && repeated.insert(id) {
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
            _ => plain.push(id),
        }
        at += 4 + data.len();
    }
    for id in plain.into_iter().filter(|id| !repeated.contains(id)) {
        defects.of(DefectKind::ExtraField, name, format!("the {place} has extra field {id:#06x}"));
    }
    wide
}

/// The values that the field must hold are those that the header lacks, and no other: uv takes neither more nor less, and of
/// local headers the index takes both sizes, or the one of a stored entry.
fn zip64(defects: &mut Defects, name: &str, data: &[u8], wide: &mut Wide) {
    let central = wide.offset.is_some();
    let (mut at, mut small) = (0, true);
    for value in [&mut wide.size, &mut wide.compressed_size].into_iter().chain(wide.offset.as_mut()) {
        if *value != ELSEWHERE {
            continue;
        }
        if let Some(stated) = Fields(data).u64(at) {
            small &= stated < ELSEWHERE;
            *value = stated;
        }
        at += 8;
    }
    let sizes = (Fields(data).u64(0), Fields(data).u64(8));
    // Both sizes may be said again in the local header, where they are the same.
    let is_said_again = !central && data.len() == 16 && sizes == (Some(wide.size), Some(wide.compressed_size));
    let needed = at + if wide.is_disk_elsewhere { 4 } else { 0 };
    if data.len() < needed {
        defects.of(DefectKind::Zip64, name, "the zip64 extra field is too short for the values it must hold");
    } else if data.len() > needed && !(needed == 0 && is_said_again) {
        let spare = data.len() - needed;
        defects.of(DefectKind::Zip64, name, format!("the zip64 extra field holds {spare} bytes too many"));
    } else if needed == 0 {
        defects.of(DefectKind::Zip64Needless, name, "the entry has a zip64 extra field that replaces no value");
    } else if !central && needed == 8 && wide.method != STORED {
        let message = "the zip64 extra field of the local header holds one of the two sizes";
        defects.of(DefectKind::Zip64, name, message);
    } else if small && central {
        defects.of(DefectKind::Zip64Needless, name, "the entry uses zip64 for values that fit without it");
    }
}
