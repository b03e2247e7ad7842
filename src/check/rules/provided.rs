//! The libraries that well-known distributions bring along, for the files of those that require them.

use std::collections::{BTreeSet, HashSet};

use crate::check::subject::wheel::WheelSubject;
use crate::member_path::file_name;

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

/// The libraries that distributions bring along, where they are imported first or say where their libraries lie.
pub(super) struct Provided {
    /// What the names of libraries begin with.
    known: BTreeSet<&'static str>,
    /// The letters of the distributions' own names: `torch_cpu.dll` of torch, `onnxruntime.dll`, `mkl_rt.2.dll`, `tbb12.dll`,
    /// `libtensorflow_framework.so.2`.
    own: HashSet<String>,
}

impl Provided {
    /// Those of the distributions that the wheel requires.
    pub(super) fn to(wheel: &WheelSubject) -> Self {
        let required = wheel.good_metadata().into_iter().flat_map(|metadata| metadata.requires_dist().flatten());
        let (mut known, mut own) = (BTreeSet::new(), HashSet::new());
        for requirement in required {
            let name = requirement.name.normalized();
            let rows = PROVIDERS.iter().filter(|(beginning, _)| name.starts_with(beginning));
            known.extend(rows.flat_map(|(_, libraries)| *libraries));
            own.insert(letters(&name));
        }
        Self { known, own }
    }

    /// Whether one of them may have the library, whatever path it is needed by.
    pub(super) fn has(&self, library: &str) -> bool {
        let name = file_name(library).to_ascii_lowercase();
        let stem = letters(name.split('.').next().unwrap_or(&name));
        let is_own = |stem: &str| (3..=stem.len()).any(|end| self.own.contains(&stem[..end]));
        let is_known = |name: &str| self.known.iter().any(|known| name.starts_with(known));
        let (bare, bare_stem) = (name.strip_prefix("lib"), stem.strip_prefix("lib"));
        is_known(&name) || bare.is_some_and(is_known) || is_own(&stem) || bare_stem.is_some_and(is_own)
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect()
}
