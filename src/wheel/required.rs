//! The libraries that the distributions which a wheel requires may bring to its files: to where a run path leads, beside an
//! exact pin, or into the process before. Nothing but their names is known of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use super::filename::WheelFileName;
use super::metadata::Metadata;
use super::requirement::Requirement;
use crate::binary::layout::join;
use crate::binary::{Facts, Format};
use crate::member_path::{file_name, parent};

/// What distributions bring along under names that are not their own: the beginning of the distribution's name, and those
/// of the libraries, without `lib`.
#[rustfmt::skip]
const PROVIDERS: [(&str, &[&str]); 23] = [
    ("h5py", &["hdf5"]),
    ("intel-openmp", &["iomp"]),
    ("msvc-runtime", &["vcruntime", "msvcp", "concrt", "vccorlib", "vcomp"]),
    ("nvidia-cublas", &["cublas", "nvblas"]),
    ("nvidia-cuda-cupti", &["cupti"]),
    ("nvidia-cuda-nvrtc", &["nvrtc"]),
    ("nvidia-cuda-runtime", &["cudart"]),
    ("nvidia-cudnn", &["cudnn"]),
    ("nvidia-cufft", &["cufft"]),
    ("nvidia-curand", &["curand"]),
    ("nvidia-cusolver", &["cusolver"]),
    ("nvidia-cusparse", &["cusparse"]),
    ("nvidia-npp", &["npp"]),
    ("nvidia-nvjitlink", &["nvjitlink"]),
    ("nvidia-nvjpeg", &["nvjpeg"]),
    ("pyarrow", &["arrow", "parquet"]),
    ("pyqt5", &["qt5"]),
    ("pyqt6", &["qt6"]),
    ("pyside6", &["qt6", "shiboken6"]),
    ("pywin32", &["pythoncom", "pywintypes"]),
    ("scipy-openblas", &["scipy_openblas"]),
    ("tensorrt", &["nvinfer", "nvonnxparser"]),
    // Its builds for graphics cards bring the libraries of CUDA or ROCm, or require them, and load them first.
    (
        "torch",
        &[
            "c10", "caffe2", "fbgemm", "asmjit", "shm", "cudart", "cublas", "cudnn", "cufft", "cupti", "curand", "cusolver",
            "cusparse", "nccl", "nvjitlink", "nvrtc", "nvtoolsext", "amdhip64", "hip", "miopen", "roc",
        ],
    ),
];

/// Words of the names of distributions that say nothing of libraries.
#[rustfmt::skip]
const GENERIC: [&str; 32] = [
    "amd", "api", "apple", "backend", "base", "bin", "binary", "bindings", "client", "common", "core", "cpp", "cpu", "cuda", "data",
    "deps", "ffi", "google", "gpu", "intel", "lib", "libs", "nvidia", "plugin", "py", "python", "python3", "runtime", "sdk", "server",
    "tools", "utils",
];

/// Of how many words a name is taken.
const MAX_WORDS: usize = 8;

/// How a required distribution may bring a library to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bringer {
    /// To a directory that a run path leads to.
    RunPath,
    /// To a directory that Python code adds: it is released together with the wheel.
    Sibling,
    /// Into the process, before the file is loaded.
    Before,
}

impl fmt::Display for Bringer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::RunPath => "a run path leads to where a required distribution may have it",
            Self::Sibling => "a distribution that is required by an exact pin may have it",
            Self::Before => "a distribution that is required may have loaded it before",
        })
    }
}

/// The distributions that a wheel requires, and what it has itself.
pub(crate) struct Required<'a> {
    /// Their names, a line each.
    names: String,
    /// Whether one of them is released together with the wheel: an exact pin of the wheel's own version, or of a
    /// distribution whose name begins with the wheel's.
    has_sibling: bool,
    /// What the names of libraries begin with that they are known for.
    known: BTreeSet<&'static str>,
    /// The letters of their own names: `torch_cpu.dll` of torch, `onnxruntime.dll`, `mkl_rt.2.dll`, `tbb12.dll`,
    /// `libtensorflow_framework.so.2`.
    own: HashSet<String>,
    /// How many letters the longest of these has.
    longest: usize,
    /// What else of a name a library may be called by, in words: `sdl2` of `kivy-deps-sdl2`, `tvm-ffi` of `apache-tvm-ffi`, `z3` of
    /// `z3-solver`.
    words: HashSet<String>,
    /// The paths of the wheel's own files, sorted.
    paths: Vec<&'a str>,
}

/// What of that one file of the wheel may count on.
pub(crate) struct RequiredOf<'a> {
    required: &'a Required<'a>,
    format: Format,
    is_executable: bool,
    /// Whether a run path leads to a directory that is not in the wheel and goes by the name of a required distribution:
    /// `PyQt6/Qt6/lib` of `PyQt6-Qt6`, `nvidia/cublas/lib` of `nvidia-cublas-cu12`.
    leads_to_one: bool,
    /// Whether a run path leads anywhere among the packages.
    leads_anywhere: bool,
}

impl<'a> Required<'a> {
    /// Those of a wheel with this name, METADATA and files.
    pub(crate) fn by(
        name: Option<&WheelFileName>,
        metadata: Option<&Metadata>,
        paths: impl Iterator<Item = &'a str>,
    ) -> Self {
        let required: Vec<Requirement> = metadata.into_iter().flat_map(|it| it.requires_dist().flatten()).collect();
        let has_sibling = name.is_some_and(|own| {
            let (version, family) = (own.pep440(), format!("{}-", own.distribution.normalized()));
            let pins = required.iter().filter(|requirement| requirement.pin_faults().is_empty());
            pins.into_iter().any(|pin| {
                pin.pinned_version().is_some_and(|pinned| version.as_ref() == Some(pinned))
                    || pin.name.normalized().starts_with(&family)
            })
        });
        let names: BTreeSet<String> = required.iter().map(|requirement| requirement.name.normalized()).collect();
        let known = PROVIDERS.iter().filter(|(beginning, _)| names.iter().any(|name| name.starts_with(beginning)));
        let known = known.flat_map(|(_, libraries)| *libraries).copied().collect();
        let own: HashSet<String> = names.iter().map(|name| letters(name)).collect();
        let longest = own.iter().map(String::len).max().unwrap_or_default();
        let words = names.iter().flat_map(|name| said_by(name)).map(str::to_owned).collect();
        let mut paths: Vec<&str> = paths.collect();
        paths.sort_unstable();
        Self { names: names.into_iter().collect::<Vec<_>>().join("\n"), has_sibling, known, own, longest, words, paths }
    }

    /// What one file may count on.
    pub(crate) fn of(&'a self, member: &str, facts: &Facts) -> RequiredOf<'a> {
        let directories = led_to(member, facts);
        RequiredOf {
            required: self,
            format: facts.format,
            is_executable: facts.is_executable(),
            leads_to_one: directories.iter().any(|directory| self.names(directory) && !self.has_files_in(directory)),
            leads_anywhere: !directories.is_empty(),
        }
    }

    /// Per binary the libraries that one of them may bring to it.
    pub(crate) fn brought(&self, binaries: &[(String, Facts)]) -> HashMap<String, HashSet<String>> {
        let to = |(member, facts): &(String, Facts)| {
            let needed = facts.slices.iter().flat_map(|slice| &slice.needed).map(|needed| &needed.name);
            let file = self.of(member, facts);
            // Python code adds the directory of a distribution that has the DLL.
            let is_dll = |name: &str| facts.format == Format::Pe && self.may_have(name);
            (member.clone(), needed.filter(|name| file.bringer(name).is_some() || is_dll(name)).cloned().collect())
        };
        if self.names.is_empty() { HashMap::new() } else { binaries.iter().map(to).collect() }
    }

    /// Whether one of them may have the library by its name, whatever path it is needed by.
    pub(crate) fn may_have(&self, library: &str) -> bool {
        let name = file_name(library).to_ascii_lowercase();
        let before_dot = name.split('.').next().unwrap_or(&name);
        let stem = letters(before_dot);
        let is_own = |stem: &str| (3..=stem.len().min(self.longest)).any(|end| self.own.contains(&stem[..end]));
        let is_known = |name: &str| self.known.iter().any(|known| name.starts_with(known));
        let (bare, bare_stem) = (name.strip_prefix("lib"), stem.strip_prefix("lib"));
        let is_said = || {
            let words = before_dot.replace('_', "-");
            let words = words.strip_prefix("lib").unwrap_or(&words);
            let ends = |at: &usize| words[*at..].starts_with(|next: char| next == '-' || next.is_ascii_digit());
            let places = words.char_indices().map(|(at, _)| at).filter(ends).take(MAX_WORDS);
            places.chain([words.len()]).any(|end| self.words.contains(&words[..end]))
        };
        is_known(&name) || bare.is_some_and(is_known) || is_own(&stem) || bare_stem.is_some_and(is_own) || is_said()
    }

    /// Whether a directory goes by the name of one.
    fn names(&self, directory: &str) -> bool {
        const USUAL: [&str; 4] = ["lib", "lib64", "libs", "bin"];
        let mut parts = directory.split('/').map(str::to_ascii_lowercase);
        parts.any(|part| part.len() > 2 && !USUAL.contains(&part.as_str()) && self.names.contains(&part))
    }

    fn has_files_in(&self, directory: &str) -> bool {
        let inside = format!("{directory}/");
        let first = self.paths.partition_point(|path| *path < inside.as_str());
        self.paths.get(first).is_some_and(|path| path.starts_with(&inside))
    }
}

impl RequiredOf<'_> {
    /// How one of them may bring a library that the wheel has not.
    pub(crate) fn bringer(&self, library: &str) -> Option<Bringer> {
        let is_sibling_reached = match self.format {
            Format::Pe => true,
            Format::Elf => !library.contains('/') && self.leads_anywhere,
            Format::MachO if library.starts_with("@loader_path/") => true,
            Format::MachO => library.starts_with("@rpath/") && self.leads_anywhere,
        };
        let by_pin = if self.format == Format::Pe { Bringer::Sibling } else { Bringer::RunPath };
        if self.leads_to_one || self.required.has_sibling && is_sibling_reached {
            return Some(by_pin);
        }
        // A loader takes what is loaded already, by its own name, and asks for no path.
        let takes_what_is_loaded = self.format != Format::Pe && !self.is_executable;
        (takes_what_is_loaded && self.required.may_have(library)).then_some(Bringer::Before)
    }
}

/// The directories among the packages that the run paths of a file lead to.
fn led_to(member: &str, facts: &Facts) -> BTreeSet<String> {
    const ORIGINS: [&str; 4] = ["$ORIGIN", "${ORIGIN}", "@loader_path", "@executable_path"];
    let paths = facts.slices.iter().flat_map(|slice| &slice.run_paths);
    let from_own = paths.filter_map(|path| ORIGINS.iter().find_map(|origin| path.strip_prefix(origin)));
    from_own.filter_map(|rest| join(parent(member), rest)).collect()
}

/// The first word of a name, and what follows any of its words, but for what is said of many.
fn said_by(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('-').map(|(at, _)| &name[at + 1..]).take(MAX_WORDS);
    let first = name.split('-').next().filter(|first| first.len() < name.len());
    ends.chain(first).filter(|words| words.len() > 1 && !GENERIC.contains(words))
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_a_distributions_by_its_name() {
        for (distribution, library, expected) in [
            ("torch", "libtorch_cpu.so", true),
            ("onnxruntime", "onnxruntime.dll", true),
            ("kivy-deps.sdl2", "SDL2.dll", true),
            ("kivy-deps.sdl2", "SDL2_image.dll", true),
            ("kivy-deps.glew", "glew32.dll", true),
            ("z3-solver", "libz3.so.5.3", true),
            ("apache-tvm-ffi", "libtvm_ffi.so", true),
            ("z3-solver", "libz3extra.so", false),
            ("z3-solver", "libsolve.so", false),
            ("kivy-deps.sdl2", "libsdl.so", false),
            ("python-dateutil", "libpython3.12.so.1.0", false),
            ("some-runtime", "libruntime.so", false),
            ("some-core", "libcore-1.so", false),
            ("requests", "libz3.so", false),
        ] {
            let text = format!("Metadata-Version: 2.1\nName: a\nVersion: 1\nRequires-Dist: {distribution}\n");
            let metadata = Metadata::parse(text.as_bytes()).unwrap();
            let required = Required::by(None, Some(&metadata), std::iter::empty());
            assert_eq!(required.may_have(library), expected, "{distribution} {library}");
        }
    }
}
