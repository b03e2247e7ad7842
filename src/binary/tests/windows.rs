//! Windows, and files of a format that is not the tag's.

use super::*;

#[test]
fn windows_has_one_tag_per_machine() {
    let bytes = pe(0x8664, &["KERNEL32.dll", "VCRUNTIME140.dll"], true);
    let slice = &facts(&bytes).slices[0];
    assert_eq!(
        (slice.kind, slice.linkage, &slice.signature),
        (Kind::Executable, Linkage::Dynamic, &Signature::Present)
    );
    assert_eq!(slice.minimum_os(), Some(OsVersion::new(6, 0)));
    assert_eq!(honest(&bytes), ["win_amd64"]);
    let found = objections_to(&bytes, "win_amd64");
    assert!(matches!(found.as_slice(), [Objection::NeededLibrary { absence: Absence::Unlikely, .. }]), "{found:?}");
    assert_eq!(found[0].weight(), Weight::Warning);
    assert_eq!(objections_to(&bytes, "win_arm64")[0].weight(), Weight::WrongMachine);
    assert_eq!(honest(&pe(0xaa64, &["kernel32.dll"], false)), ["win_arm64"]);
    let foreign = objections_to(&pe(0x8664, &["foo.dll"], false), "win_amd64");
    assert!(matches!(foreign.as_slice(), [Objection::NeededLibrary { absence: Absence::Fatal, .. }]));
}

#[test]
fn a_binary_of_another_format_is_the_wrong_machine() {
    let samples = [static_elf().build(), mac(ARM64, 11, 0).build(), pe(0x8664, &[], false)];
    for (index, tag) in ["manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64"].into_iter().enumerate() {
        for (other, bytes) in samples.iter().enumerate() {
            let refused = objections_to(bytes, tag).iter().any(|found| found.weight() == Weight::WrongMachine);
            assert_eq!(refused, index != other, "{tag} {other}");
        }
    }
    assert!(matches!(objections_to(&samples[0], "any").as_slice(), [Objection::NativeCode]));
}
