//! The image that the manifests name and the file that makes it.

use crate::{
    files::{of_kind, text, the},
    pods::container,
};

#[test]
fn all_pods_run_this_version() {
    for pod in of_kind("Deployment").into_iter().chain(of_kind("Job")) {
        let image = container(&pod)["image"].as_str().unwrap();
        assert_eq!(image.rsplit_once(':').map(|(_, tag)| tag), Some(env!("CARGO_PKG_VERSION")), "{image}");
    }
    let image = format!("kaspi-amocrm:{}", env!("CARGO_PKG_VERSION"));
    assert!(text("deploy/Containerfile").contains(&image), "the file says how {image} is built");
}

#[test]
fn the_image_is_built_with_the_pinned_toolchain() {
    let toolchain: toml::Table = text("rust-toolchain.toml").parse().unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    let file = text("deploy/Containerfile");
    let bases: Vec<&str> = file.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(bases, [&format!("rust:{channel}-bookworm AS build"), "debian:bookworm-slim"]);
}

#[test]
fn every_member_of_the_workspace_is_copied_and_no_file_that_may_hold_secrets() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let file = text("deploy/Containerfile");
    let copied: Vec<&str> =
        file.lines().filter_map(|line| line.strip_prefix("COPY ")?.split(' ').next()).collect();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        assert!(copied.contains(&member.as_str().unwrap()), "{member} is not copied");
    }
    assert!(!copied.contains(&"."), "the folder may hold .env");
}

#[test]
fn the_program_runs_as_the_user_of_the_manifests() {
    let file = text("deploy/Containerfile");
    let context = &the("Deployment")["spec"]["template"]["spec"]["securityContext"];
    let user = format!("USER {}:{}", context["runAsUser"], context["runAsGroup"]);
    assert!(file.lines().any(|line| line == user), "{user}");
    assert!(file.ends_with("ENTRYPOINT [\"kaspi-amocrm\"]\n"));
}
