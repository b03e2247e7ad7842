//! The stable ABI of CPython (PEP 384, "C API and ABI Stability"): what its functions are called, and what is not of it.

use super::contents::is_among;
use crate::binary::{Details, PythonLibrary, Slice};
use crate::check::rule::{Findings, Rule, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::named;

rule!(ABI3_SYMBOLS = "abi3-symbols", Error, Wheel(abi3_symbols);
    what: "In a wheel for the stable ABI alone (`abi3`), no extension module of ELF needs a private symbol of Python (`_Py...`) that is no part of that ABI.",
    why: "Private functions come and go with every version of Python: the import fails with `undefined symbol` on one that the tag promises.",
    fix: "Build with `Py_LIMITED_API`, or tag the wheel for the versions that it was built for";
    because: [Promise("the tag promises that every later Python has what the module needs")]);

/// The symbols of the stable ABI that begin as private ones do: what macros of the limited API expand to, and what was public once.
const STABLE: &str = "_PyArg_ParseTupleAndKeywords_SizeT _PyArg_ParseTuple_SizeT _PyArg_Parse_SizeT \
    _PyArg_VaParseTupleAndKeywords_SizeT _PyArg_VaParse_SizeT _PyErr_BadInternalCall _PyObject_CallFunction_SizeT \
    _PyObject_CallMethod_SizeT _PyObject_GC_Malloc _PyObject_GC_New _PyObject_GC_NewVar _PyObject_GC_Resize _PyObject_New \
    _PyObject_NewVar _PyState_AddModule _PyThreadState_Init _PyThreadState_Prealloc _PyTrash_delete_later \
    _PyTrash_delete_nesting _PyTrash_deposit_object _PyTrash_destroy_chain _PyTrash_thread_deposit_object \
    _PyTrash_thread_destroy_chain _PyWeakref_CallableProxyType _PyWeakref_ProxyType _PyWeakref_RefType \
    _Py_BuildValue_SizeT _Py_CheckRecursionLimit _Py_CheckRecursiveCall _Py_Dealloc _Py_DecRef _Py_EllipsisObject \
    _Py_FalseStruct _Py_IncRef _Py_NegativeRefcount _Py_NoneStruct _Py_NotImplementedStruct _Py_RefTotal _Py_SetRefcnt \
    _Py_SwappedOp _Py_TrueStruct _Py_VaBuildValue_SizeT";

/// The last version of 3 whose stable ABI is known here; a later one may have more.
const NEWEST: u32 = 14;

fn abi3_symbols(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    let is_known = |tag: &String| {
        tag.strip_prefix("cp3").and_then(|minor| minor.parse().ok()).is_some_and(|minor: u32| minor <= NEWEST)
    };
    if name.tags.abi.iter().any(|abi| abi != "abi3") || !name.tags.python.iter().all(is_known) {
        return;
    }
    for (member, facts) in wheel.inventory.binaries().iter().filter(|(member, _)| member.ends_with(".so")) {
        let mut strange: Vec<&str> = facts.slices.iter().flat_map(private).collect();
        strange.sort_unstable();
        strange.dedup();
        if strange.is_empty() {
            continue;
        }
        found.member(member, format!("it needs {}, no part of the stable ABI of `{}`", named(strange), name.tags));
    }
}

/// What a module needs of the Python that loads it and no version promises. One that names a library of one version, as
/// programs around an own Python do, is another rule's.
fn private(slice: &Slice) -> impl Iterator<Item = &str> {
    let has_own = slice.needed.iter().any(|needed| PythonLibrary::of(&needed.name).is_some());
    let symbols = match &slice.details {
        Details::Elf(elf) if !has_own => elf.undefined.as_slice(),
        _ => &[],
    };
    let is_private = |name: &str| name.starts_with("_Py") && !is_among(STABLE, name);
    symbols.iter().filter(|symbol| !symbol.weak).map(|symbol| symbol.name.as_str()).filter(move |name| is_private(name))
}

pub(crate) static RULES: &[&Rule] = &[&ABI3_SYMBOLS];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_symbols_are_sorted_and_private() {
        let known: Vec<_> = STABLE.split_whitespace().collect();
        assert!(known.is_sorted());
        assert!(known.iter().all(|name| name.starts_with("_Py")));
    }
}
