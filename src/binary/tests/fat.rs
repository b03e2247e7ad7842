//! Fat files whose slices are for more than platform tags can name.

use super::*;

/// The sample with another part of the processor's family stated for its slice `at`.
fn with_part(mut bytes: Vec<u8>, at: usize, part: u32) -> Vec<u8> {
    bytes[8 + 20 * at + 4..][..4].copy_from_slice(&part.to_be_bytes());
    bytes
}

#[test]
fn slices_for_some_processors_alone_are_left_for_the_common_one() {
    let (old, new) = (mac(ARM64, 11, 0).build(), mac(ARM64, 14, 0).build());
    let both = fat(&[(ARM64, new.clone()), (ARM64, old.clone())]);
    assert!(read(&both).is_err());
    // `arm64e` with the flags of its calling convention, first or last.
    for part in [2, 0x8000_0002] {
        assert_eq!(honest(&with_part(both.clone(), 0, part)), ["macosx_11_0_arm64"]);
    }
    let last = fat(&[(ARM64, old), (ARM64, new.clone())]);
    assert_eq!(honest(&with_part(last, 1, 2)), ["macosx_11_0_arm64"]);
    let alone = with_part(fat(&[(ARM64, new.clone())]), 0, 2);
    assert_eq!(honest(&alone), ["macosx_14_0_arm64"]);
    let twice = fat(&[(ARM64, new.clone()), (ARM64, new)]);
    assert!(read(&with_part(with_part(twice, 0, 2), 1, 2)).is_err());
}

#[test]
fn a_slice_for_32_bits_does_not_hide_the_others() {
    let narrow = [0xfeed_face_u32.to_le_bytes(), 7_u32.to_le_bytes()].concat();
    let both = fat(&[(7, narrow.clone()), (AMD64, mac(AMD64, 10, 9).build())]);
    assert_eq!(honest(&both), ["macosx_10_9_x86_64"]);
    for only in [fat(&[(7, narrow.clone())]), fat(&[(7, narrow.clone()), (12, narrow)])] {
        assert!(matches!(read(&only), Err(BinaryError::Unsupported { .. })));
    }
}

#[test]
fn static_libraries_are_for_linkers() {
    let archive = b"!<arch>\nplugin.o/       0           0     0     644     0         `\n".to_vec();
    let both = fat(&[(ARM64, archive.clone()), (AMD64, archive)]);
    assert!(matches!(read(&both), Err(BinaryError::Unsupported { what: "a static library" })));
}
