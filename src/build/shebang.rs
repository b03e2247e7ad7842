//! The first line of a script in `.data/scripts`: installers replace `#!python` by the interpreter that they install for
//! (PyPA "Binary distribution format"), so both builders write that in place of any other Python.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::LazyLock;

use crate::fs::open_regular;

use regex::bytes::Regex;

/// A longer first line is none that a system would follow.
const MAX_LINE: usize = 256;

static PYTHON: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s-u)\A#!.*(?:pythonw?|pypyw?)[0-9.]*(.*)\z").ok());

/// The bytes of a Python script with its first line rewritten; `None` for anything else, which goes as it is.
pub(super) fn rewritten(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = open_regular(path)?;
    let mut head = Vec::with_capacity(MAX_LINE);
    file.by_ref().take(MAX_LINE as u64).read_to_end(&mut head)?;
    let end = head.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
    if end.is_none() && head.len() == MAX_LINE {
        return Ok(None);
    }
    let (line, rest) = head.split_at(end.unwrap_or(head.len()));
    let Some(found) = PYTHON.as_ref().and_then(|pattern| pattern.captures(line)) else { return Ok(None) };
    let mut script = b"#!python".to_vec();
    script.extend(found.get(1).map(|remaining| remaining.as_bytes()).unwrap_or_default());
    script.extend(rest);
    file.read_to_end(&mut script)?;
    Ok(Some(script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_is_replaced_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("script");
        let long = format!("#!/{}/python\nx\n", "a".repeat(300));
        for (text, expected) in [
            ("#!/usr/bin/env python3.12 -E\nprint()\n", Some("#!python -E\nprint()\n")),
            ("#!/usr/bin/pythonw\r\nx", Some("#!python\r\nx")),
            ("#!/opt/python2/bin/pypy3", Some("#!python")),
            ("#!python\nx\n", Some("#!python\nx\n")),
            ("#!/bin/sh\npython\n", None),
            ("# python\n", None),
            ("\n#!python\n", None),
            ("", None),
            (long.as_str(), None),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(rewritten(&path).unwrap().as_deref(), expected.map(str::as_bytes), "{text:?}");
        }
    }
}
