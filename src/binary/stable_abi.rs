//! The stable ABI of CPython (PEP 384, PEP 652): which names are of it since when, and which others are Python's own.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const TABLE: &str = include_str!("policy/stable-abi.txt");

/// What public names that are no part of the stable ABI begin with, between `Py` and the first underscore.
const OTHERS: &str = "AsyncGen BytesWriter Cell ClassMethod Code CodeObject Config Context ContextToken ContextVar Coro \
    CrossInterpreterData Function Gen Hash InstanceMethod InterpreterConfig Marshal Method Monitoring Mutex ODict \
    ODictItems ODictIter ODictKeys ODictValues Parser PickleBuffer PreConfig RefTracer Run StaticMethod Status \
    StdPrinter Symtable Time TraceMalloc UnicodeWriter Unstable WideStringList";

/// The last minor version of Python 3 whose stable ABI is in the table; a later one may have more.
pub(crate) const NEWEST_STABLE_ABI: u32 = 15;

/// The first version whose libraries were looked into: what is said to be there since then may be older.
const FIRST_SEEN: u32 = 6;

/// How a Python of a version stands to a name that a module needs of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A part of its stable ABI.
    Stable,
    /// A part of the stable ABI of a later one, which has it since `there`.
    Later { stable: u32, there: u32 },
    /// Of no stable ABI.
    Private,
}

impl Standing {
    /// How Python 3 of this minor version stands to a name; `None` where the name is none of Python's.
    pub(crate) fn of(name: &str, minor: u32) -> Option<Self> {
        match NAMES.stable.get(name) {
            Some((stable, _)) if *stable <= minor => Some(Self::Stable),
            Some((stable, there)) => Some(Self::Later { stable: *stable, there: *there }),
            None => NAMES.are_of_python(name).then_some(Self::Private),
        }
    }
}

/// Whether Python 3 of this minor version exports a name that is there since another.
pub(crate) fn is_there(since: u32, minor: u32) -> bool {
    since <= minor.max(FIRST_SEEN)
}

/// Whether a name may be one of Python's: the cheap question, for readers of files.
pub(crate) fn may_be_of_python(name: &[u8]) -> bool {
    name.starts_with(b"Py") || name.starts_with(b"_Py")
}

struct Names {
    /// Since when a name is of the stable ABI, and since when libraries export it.
    stable: HashMap<&'static str, (u32, u32)>,
    beginnings: HashSet<&'static str>,
}

impl Names {
    /// The private ones, and those that begin as public ones do.
    fn are_of_python(&self, name: &str) -> bool {
        name.starts_with("_Py") || beginning(name).is_some_and(|beginning| self.beginnings.contains(beginning))
    }
}

/// What stands between `Py` and the first underscore.
fn beginning(name: &str) -> Option<&str> {
    Some(name.strip_prefix("Py")?.split_once('_')?.0)
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { stable: HashMap::new(), beginnings: OTHERS.split_whitespace().collect() };
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let mut version = || words.next().and_then(|word| word.parse().ok());
        let (Some(stable), Some(there)) = (version(), version()) else { continue };
        for name in words {
            names.stable.insert(name, (stable, there));
            names.beginnings.extend(beginning(name));
        }
    }
    names
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_standing_by_version() {
        for (name, minor, expected) in [
            ("PyLong_FromLong", 2, Some(Standing::Stable)),
            ("_PyArg_ParseTuple_SizeT", 3, Some(Standing::Stable)),
            ("Py_TYPE", 14, Some(Standing::Stable)),
            ("PyType_GetModuleState", 10, Some(Standing::Stable)),
            ("PyType_GetModuleState", 8, Some(Standing::Later { stable: 10, there: 9 })),
            ("PyObject_GetBuffer", 8, Some(Standing::Later { stable: 11, there: 6 })),
            ("PyObject_GetBuffer", 11, Some(Standing::Stable)),
            ("PyUnicode_AsUTF8", 15, Some(Standing::Private)),
            ("PyFunction_Type", 15, Some(Standing::Private)),
            ("PyUnstable_Code_New", 15, Some(Standing::Private)),
            ("_PyRuntime", 15, Some(Standing::Private)),
            ("Py_Frobnicate", 15, Some(Standing::Private)),
            ("PyMagicName_get", 15, None),
            ("PyArray_API", 15, None),
            ("Pygments", 15, None),
            ("printf", 15, None),
        ] {
            assert_eq!(Standing::of(name, minor), expected, "{name} in 3.{minor}");
        }
        assert!(is_there(9, 9) && !is_there(9, 8));
        assert!(is_there(6, 4), "nobody looked into 3.4");
    }

    #[test]
    fn the_table_is_whole() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
        let words = rows.clone().map(|line| line.split(' ').skip(2).count()).sum::<usize>();
        assert_eq!(NAMES.stable.len(), words, "no name twice, and no row that cannot be read");
        for (name, (stable, there)) in &NAMES.stable {
            assert!(name.starts_with("Py") || name.starts_with("_Py"), "{name}");
            assert!(there <= stable && *stable <= NEWEST_STABLE_ABI + 1, "{name}");
        }
    }
}
