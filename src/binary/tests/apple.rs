//! macOS and iOS: platforms, floors, signatures, run paths.

use super::*;

#[test]
fn ios_is_told_by_its_platform() {
    let on = |cpu, platform, major, minor| MachSample { build: Some((platform, major, minor)), ..mac(cpu, 13, 0) };
    let device = on(ARM64, 2, 15, 6).build();
    assert_eq!(honest(&device), ["ios_15_6_arm64_iphoneos"]);
    assert_eq!(honest(&on(ARM64, 2, 9, 0).build()), ["ios_12_0_arm64_iphoneos"]);
    assert_eq!(honest(&on(ARM64, 7, 13, 0).build()), ["ios_13_0_arm64_iphonesimulator"]);
    assert_eq!(honest(&on(AMD64, 7, 13, 0).build()), ["ios_13_0_x86_64_iphonesimulator"]);
    assert_eq!(honest(&on(ARM64, 6, 13, 0).build()), [""; 0]);
    let unsigned = MachSample { signed: false, ..on(ARM64, 2, 13, 0) }.build();
    assert_eq!(objections_to(&unsigned, "ios_13_0_arm64_iphoneos"), []);
    let said = |tag| objections_to(&device, tag).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(said("ios_13_0_arm64_iphoneos"), ["its aarch64 code needs iOS 15.6, and the tag promises 13.0"]);
    assert_eq!(said("macosx_15_0_arm64"), ["it is built for iOS, and the tag promises macOS"]);
    assert_eq!(said("ios_16_0_arm64_iphonesimulator"), ["it is built for iOS, and the tag promises the iOS simulator"]);
    assert_eq!(objections_to(&mac(ARM64, 11, 0).build(), "ios_16_0_arm64_iphoneos")[0].weight(), Weight::WrongMachine);
    let python = |kind, name| {
        let dylibs = vec![("/usr/lib/libSystem.B.dylib", false), (name, false)];
        objections_to(&MachSample { kind, dylibs, ..on(ARM64, 2, 13, 0) }.build(), "ios_13_0_arm64_iphoneos").len()
    };
    // Simulators of arm64 began with iOS 14, those of Intel long before.
    let simulated = |cpu, tag| objections_to(&on(cpu, 7, 14, 0).build(), tag).len();
    assert_eq!(simulated(ARM64, "ios_13_0_arm64_iphonesimulator"), 0);
    assert_eq!(simulated(AMD64, "ios_13_0_x86_64_iphonesimulator"), 1);
    let later = objections_to(&on(ARM64, 7, 15, 0).build(), "ios_13_0_arm64_iphonesimulator");
    assert_eq!(later[0].to_string(), "its aarch64 code needs iOS 15.0, and the tag promises 14.0");
    // An extension module is a bundle, 8; a program is none of the app's.
    assert_eq!(python(8, "@rpath/Python.framework/Python"), 0);
    assert_eq!(python(2, "@rpath/Python.framework/Python"), 1);
    assert_eq!(python(8, "@rpath/Other.framework/Other"), 1);
}

#[test]
fn macos_promises_are_held_per_slice() {
    let intel = mac(AMD64, 10, 12).build();
    assert_eq!(honest(&intel), ["macosx_10_12_x86_64"]);
    let found = objections_to(&intel, "macosx_10_9_x86_64");
    assert_eq!(found[0].to_string(), "its x86_64 code needs macOS 10.12, and the tag promises 10.9");
    assert_eq!(found[0].weight(), Weight::Error);
    assert_eq!(objections_to(&intel, "macosx_11_0_arm64")[0].weight(), Weight::WrongMachine);
    assert_eq!(objections_to(&intel, "macosx_10_12_universal2")[0].weight(), Weight::WrongMachine);

    let arm = mac(ARM64, 11, 0).build();
    assert_eq!(honest(&arm), ["macosx_11_0_arm64"]);
    assert_eq!(honest(&mac(ARM64, 11, 3).build()), ["macosx_12_0_arm64"]);

    let both = fat(&[(AMD64, intel), (ARM64, arm)]);
    assert_eq!(facts(&both).machines().to_string(), "universal2");
    assert_eq!(honest(&both), ["macosx_10_12_universal2", "macosx_10_12_x86_64", "macosx_11_0_arm64"]);
}

#[test]
fn macos_defects_are_told_apart() {
    let of = |sample: MachSample, tag| objections_to(&sample.build(), tag);
    let unsigned = of(MachSample { signed: false, ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert_eq!(unsigned[0].weight(), Weight::Error);
    assert!(!unsigned[0].breaks_promise());
    let unsigned = of(MachSample { signed: false, ..mac(AMD64, 10, 12) }, "macosx_10_12_x86_64");
    assert_eq!(unsigned[0].weight(), Weight::Warning);
    let silent = of(MachSample { build: None, ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert!(matches!(silent.as_slice(), [Objection::NoMinimumOs { .. }]));
    let phone = of(MachSample { build: Some((2, 11, 0)), ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert_eq!(phone[0].weight(), Weight::WrongMachine);
    let brew = vec![("/opt/homebrew/lib/libssl.dylib", false)];
    let brew = of(MachSample { dylibs: brew, ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert!(matches!(brew.as_slice(), [Objection::NeededLibrary { absence: Absence::Fatal, .. }]), "{brew:?}");

    let mut cut = mac(ARM64, 11, 0).build();
    cut.truncate(cut.len() - 1);
    assert!(matches!(facts(&cut).slices[0].signature, Signature::Broken(_)));
}

#[test]
fn a_signature_covers_every_page() {
    let signed = mac(ARM64, 11, 0).build();
    assert_eq!(facts(&signed).slices[0].signature, Signature::Present);
    // A byte of the code after it was signed: the minor version in the first command.
    let mut changed = signed.clone();
    changed[32 + 16] ^= 1;
    let Signature::Broken(defect) = facts(&changed).slices[0].signature else { panic!("a changed page is not seen") };
    assert!(defect.contains("page"), "{defect}");
    // The directory covers less than what stands before it: the loader reads the rest unchecked, and the kernel allows it.
    for (at, to) in [(20 + 28, 7_u8), (20 + 36, 20), (20 + 20 + 3, 0xff)] {
        let mut broken = signed.clone();
        let start = broken.len() - (20 + 46 + 32) + at;
        broken[start] = to;
        assert!(matches!(facts(&broken).slices[0].signature, Signature::Broken(_)), "{at}");
    }
}

#[test]
fn dylibs_in_the_wheel_are_found_by_rpath_and_loader_path() {
    let dylib = MachSample { kind: 6, ..mac(ARM64, 11, 0) }.build();
    for (name, rpaths) in
        [("@rpath/libx.dylib", vec!["@loader_path/../lib"]), ("@loader_path/../lib/libx.dylib", vec![])]
    {
        let program = MachSample { dylibs: vec![(name, false)], rpaths, ..mac(ARM64, 11, 0) }.build();
        let both = inventory(&[("m/bin/x", program), ("m/lib/libx.dylib", dylib.clone())]);
        assert_eq!(both.objections(&"macosx_11_0_arm64".parse().unwrap()), [], "{name}");
    }
}
