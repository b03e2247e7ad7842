//! Every integration test in one program, a module per command or topic: linked once, and what is costly to prepare is
//! prepared once.

#[path = "../samples/mod.rs"]
mod samples;
mod support;

mod build_judges;
mod build_large;
mod build_settings;
mod build_stage;
mod check_abi;
mod check_cases;
mod check_documents;
mod check_fuzz;
mod check_help;
mod check_loaders;
mod check_modules;
mod check_published;
mod check_rules;
mod check_sets;
mod check_tags;
mod check_windows;
#[cfg(unix)]
mod contract_input;
mod contract_json;
#[cfg(unix)]
mod contract_voice;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod documents;
mod fetch;
mod fetch_product;
mod floors;
mod gate;
#[cfg(unix)]
mod hostile_archives;
#[cfg(target_os = "linux")]
mod hostile_children;
#[cfg(target_os = "linux")]
mod hostile_machines;
#[cfg(target_os = "linux")]
mod hostile_paths;
#[cfg(unix)]
mod hostile_places;
#[cfg(unix)]
mod hostile_text;
#[cfg(target_os = "linux")]
mod hostile_users;
mod inspect_command;
mod inspect_real;
#[cfg(unix)]
mod interrupted;
#[cfg(unix)]
mod line_real;
mod own_products;
mod payload_program;
#[cfg(unix)]
mod payload_published;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod product_init;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod product_launcher;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod product_mixed;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod product_real;
mod product_table;
mod publish_audit;
mod publish_command;
mod publish_credentials;
mod publish_halves;
mod publish_index;
#[cfg(target_os = "linux")]
mod publish_killed;
mod publish_odd;
mod publish_patience;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod publish_providers;
mod publish_release;
mod publish_said;
mod publish_secrets;
mod publish_servers;
mod release_report;
mod retag;
mod sbom;
#[cfg(unix)]
mod smoke_faults;
#[cfg(unix)]
mod smoke_program;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod smoke_published;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod smoke_real;
mod stage_python;
mod stage_real;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stage_renamed_sdk;
mod stage_runtime;
mod suites;
#[cfg(target_os = "linux")]
mod terminal;
mod typegen;
mod workflows;
mod world;
