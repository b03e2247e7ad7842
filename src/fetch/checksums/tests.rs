use proptest::prelude::*;

use super::*;

const NAME: &str = "ripgrep-15.2.0-x86_64-pc-windows-msvc.zip";

fn short(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest::of(bytes)
}

fn long(bytes: &[u8]) -> Sha512Digest {
    crate::digest::both_of_reader(&mut &bytes[..]).unwrap().1
}

fn expected(bytes: &[u8]) -> Expected {
    short(bytes).into()
}

fn of(list: &str, path: &str) -> Result<Expected, Unlisted> {
    Checksums::parse(list.as_bytes()).unwrap().of(path)
}

#[test]
fn every_form_is_read() {
    let (hex, other) = (short(b"a").to_string(), short(b"b").to_string());
    let upper = hex.to_uppercase();
    let spaced = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect::<Vec<_>>().join(" ");
    let armour = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n";
    for list in [
        format!("{hex}  {NAME}\n"),
        format!("{hex} *{NAME}"),
        format!("{upper} {NAME}\r\n"),
        format!("{hex}\t{NAME}\r\n"),
        format!("\u{feff}{hex}  ./dist/{NAME}\n"),
        format!("{hex}  .\\dist\\{NAME}\n"),
        format!("# of the release\n\n{other}  other.zip\n{hex}  {NAME}\n{other}  {NAME}.sig\n"),
        format!("{armour}\n{hex}  {NAME}\n-----BEGIN PGP SIGNATURE-----\n\n{other}  {NAME}\n"),
        format!("SHA256 ({NAME}) = {hex}\n"),
        format!("SHA256 (dist/{NAME}) = {upper}\r\nSHA256 (other) = {other}\n"),
        format!("SHA2-256({NAME})= {hex}\n"),
        format!("SHA256({NAME})= {hex}\n"),
        format!("MD5 ({NAME}) = {}\nSHA256 ({NAME}) = {hex}\n", "0".repeat(32)),
        hex.clone(),
        format!("{upper}\r\n"),
        format!("{hex}  -\n"),
        format!("SHA2-256(stdin)= {hex}\n"),
        format!("(stdin)= {hex}\n"),
        format!("sha256:{hex}\n"),
        format!("sha256:{hex}  {NAME}\n"),
        format!("SHA256 hash of {NAME}:\r\n{hex}\r\nCertUtil: -hashfile command completed successfully.\r\n"),
        format!("SHA256 hash of file {NAME}:\r\n{spaced}\r\nCertUtil: -hashfile command completed successfully.\r\n"),
        format!("SHA256-Hash von {NAME}:\r\n{hex}\r\nCertUtil: -hashfile-Befehl wurde erfolgreich ausgeführt.\r\n"),
        format!("SHA256 hash of C:\\build\\{NAME}:\r\n{hex}\r\n"),
        format!("\r\nAlgorithm Hash Path\r\n--------- ---- ----\r\nSHA256    {upper}    C:\\x\\{NAME}\r\n"),
        format!("{hex}  {NAME}\n{hex}  {NAME}\n"),
    ] {
        assert_eq!(of(&list, &format!("/owner/releases/{NAME}")), Ok(expected(b"a")), "{list}");
        let wide = |unit: fn(u16) -> [u8; 2], mark: u16| {
            std::iter::once(mark).chain(list.encode_utf16()).flat_map(unit).collect::<Vec<u8>>()
        };
        for wide in [wide(u16::to_le_bytes, 0xfeff), wide(u16::to_be_bytes, 0xfeff)] {
            assert_eq!(Checksums::parse(&wide).unwrap().of(NAME), Ok(expected(b"a")), "{list}");
        }
    }
}

#[test]
fn a_label_or_the_length_tells_the_algorithm() {
    let (hex, wide) = (short(b"a"), long(b"a"));
    let both = Expected { sha256: Some(hex), sha512: Some(wide) };
    let alone = Expected { sha256: None, sha512: Some(wide) };
    assert_eq!(of(&format!("{wide}  n"), "n"), Ok(alone));
    assert_eq!(of(&format!("SHA512 (n) = {wide}"), "n"), Ok(alone));
    assert_eq!(of(&format!("SHA2-512(n)= {wide}"), "n"), Ok(alone));
    assert_eq!(of(&format!("SHA512 hash of n:\n{wide}\n"), "n"), Ok(alone));
    assert_eq!(of(&format!("{wide}\n"), "n"), Ok(alone));
    assert_eq!(of(&format!("SHA256 (n) = {hex}\n{wide}  n\n"), "n"), Ok(both));
    for list in [
        format!("{}  n", "0".repeat(32)),
        format!("{}  n", "0".repeat(40)),
        format!("{}  n", "0".repeat(96)),
        format!("{}  n", "0".repeat(63)),
        format!("SHA512/256 (n) = {hex}"),
        format!("SHA3-256(n)= {hex}"),
        format!("SHA512 (n) = {hex}"),
        "0".repeat(40),
    ] {
        assert!(matches!(of(&list, "n"), Err(Unlisted::Unfit { .. })), "{list}: {:?}", of(&list, "n"));
    }
    let told = of(&format!("{}  n\n{}  n", "0".repeat(32), "0".repeat(40)), "n").unwrap_err().to_string();
    assert!(told.contains("MD5 and SHA-1"), "{told}");
}

#[test]
fn names_are_found_as_they_are() {
    let (one, two) = (short(b"a"), short(b"b"));
    assert_eq!(of(&format!("{one}  a program (1).zip\n"), "a program (1).zip"), Ok(expected(b"a")));
    assert_eq!(of(&format!("SHA256 (a (1) = b.zip) = {one}\n"), "a (1) = b.zip"), Ok(expected(b"a")));
    assert_eq!(of(&format!("\\{one}  a\\nb\n"), "a\nb"), Ok(expected(b"a")));
    assert_eq!(of(&format!("\\SHA256 (a\\nb) = {one}\n"), "a\nb"), Ok(expected(b"a")));
    // Only more of the path tells these apart.
    let list = format!("{one}  linux/prog\n{two}  mac/prog\n");
    assert_eq!(of(&list, "/v1/linux/prog"), Ok(expected(b"a")));
    assert_eq!(of(&list, "/v1/mac/prog"), Ok(expected(b"b")));
    assert_eq!(of(&list, "/v1/prog"), Err(Unlisted::Twice { name: "prog".into() }));
    assert_eq!(of(&format!("{one}  n\n{two}  ./n\n"), "n"), Err(Unlisted::Twice { name: "n".into() }));
    assert_eq!(of(&format!("{one}\n{two}\n"), "n"), Err(Unlisted::Twice { name: "n".into() }));
    let missing = of(&format!("{one}  n.sig\n{one}  m\n"), "n").unwrap_err().to_string();
    assert_eq!(missing, "it does not name `n`, but `m`, `n.sig`");
    for list in ["", "\n", "<html>Not here</html>", "Not Found"] {
        assert_eq!(of(list, "n"), Err(Unlisted::Empty));
    }
}

#[test]
fn a_list_has_bounds() {
    assert_eq!(Checksums::parse(&vec![b' '; MAX_BYTES + 1]), Err(TooLong));
    assert_eq!(Checksums::parse(&vec![b'\n'; MAX_LINES + 1]), Err(TooLong));
    let row = format!("{}  n\n", short(b"a"));
    assert!(Checksums::parse(row.repeat(MAX_BYTES / row.len()).as_bytes()).is_ok());
}

/// The forms in which one list may name any file.
fn written(form: usize, name: &str, bytes: &[u8]) -> String {
    let (short, long) = (short(bytes), long(bytes));
    match form {
        0 => format!("{short}  {name}\n"),
        1 => format!("{short} *dist/{name}\r\n"),
        2 => format!("SHA256 ({name}) = {short}\n"),
        3 => format!("SHA2-512({name})= {long}\n"),
        4 => format!("{long}  ./{name}\n"),
        _ => format!("SHA512 hash of {name}:\r\n{long}\r\nCertUtil: done\r\n"),
    }
}

proptest! {
    #[test]
    fn each_of_many_is_found(names in prop::collection::btree_set("[a-zA-Z0-9_+][a-zA-Z0-9_.+() -]{0,12}[a-zA-Z0-9]", 1..8), form in 0..6_usize) {
        let list: String = names.iter().enumerate().map(|(at, name)| written((form + at) % 6, name, name.as_bytes())).collect();
        for (at, name) in names.iter().enumerate() {
            let found = of(&list, &format!("/x/{name}")).unwrap();
            let is_long = (form + at) % 6 > 2;
            let wanted = if is_long {
                Expected { sha256: None, sha512: Some(long(name.as_bytes())) }
            } else {
                expected(name.as_bytes())
            };
            prop_assert_eq!(found, wanted, "{}", list);
        }
        let is_missing = matches!(of(&list, "~"), Err(Unlisted::Missing { .. }));
        prop_assert!(is_missing);
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, path: String) {
        if let Ok(list) = Checksums::parse(&bytes) {
            let _ = list.of(&path);
        }
    }

    #[test]
    fn any_text_is_answered(text in "([0-9a-f]{64}|SHA256|sha256:|MD5 | hash of | \\(|\\) ?= ?|[*:\\\\]| |\r?\n|n){0,20}") {
        let _ = of(&text, "n");
    }
}
