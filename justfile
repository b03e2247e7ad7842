# What a contributor does; `just` lists it. `.ci/run` does all of it but the benchmarks.

runtime := "target/payloads/openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_17_x86_64.whl"

_list:
    @just --list

# everything that this machine can test, in minutes
test *filter:
    cargo test --locked {{filter}}

# the long rounds too, on real payloads that must be there (docs/testing.md)
test-real *filter:
    RELKIT_REQUIRE_PAYLOADS=1 cargo test --locked {{filter}} -- --include-ignored

# the SDK: types, formatting, lints, its tests on every Python of the machine; or some of its tests: tests/surface
test-sdk *tests:
    .ci/python {{tests}}

# formatting, lints, documentation, dependencies
lint:
    cargo fmt --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet
    cargo deny --offline check --hide-inclusion-graph licenses bans sources

# docs/rules.md, from the rules
rules:
    RELKIT_UPDATE_DOCS=1 cargo test --locked --test it check_documents

# docs/commands, from the command line
commands:
    RELKIT_UPDATE_DOCS=1 cargo test --locked --test it the_pages_of_the_commands

# the site of the documents, in target/site; needs mkdocs
site:
    mkdocs build --strict

# the SDK's types and methods, from the pinned runtime's own schema
types:
    cargo run --quiet -- generate-types --wheel {{runtime}} --sdk sdk-template

# one fuzz target, or all of them, for some seconds each
fuzz seconds='5' *targets:
    fuzz/run {{seconds}} {{targets}}

# builds and publishes the real runtime of target/payloads/ against the peers (docs/testing.md)
bench:
    cargo build --release --locked --quiet
    python3 benches/table.py --write
    python3 benches/publish.py

# the walks of CONTRIBUTING, followed on a copy of this tree, with the tests of what they change
walks:
    .ci/walks
