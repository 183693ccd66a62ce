//! What the manifests set is what the program knows, and no secret stands in them.

use kaspi_amocrm_contract::{Finding, Scope, Setting, rules, table};
use serde_json::Value;

use crate::files::of_kind;

/// The file of connections, in the secret that is mounted.
const TOML_FILE: &str = "kaspi-amocrm.toml";
/// What stands in place of a secret.
const REPLACE: &str = "REPLACE";
/// What a container may be given beside settings.
const OTHER_VARIABLES: [&str; 1] = ["XDG_CACHE_HOME"];

#[test]
fn the_environment_holds_settings_of_the_process_and_nothing_else() {
    let mut set = Vec::new();
    for object in of_kind("ConfigMap").into_iter().chain(of_kind("Secret")) {
        let is_secret = object["kind"] == "Secret";
        for (name, value) in object[if is_secret { "stringData" } else { "data" }].as_object().unwrap() {
            if name == TOML_FILE {
                continue;
            }
            let setting = known(name);
            assert_eq!((name.as_str(), setting.scope), (setting.name, Scope::Process));
            assert_eq!(setting.secret, is_secret, "{name} stands in the wrong kind of object");
            assert_fits(setting, value.as_str().unwrap());
            set.push(setting.name);
        }
    }
    for needed in [&table::DATABASE_URL, &table::SECRET_KEY] {
        assert!(set.contains(&needed.name), "{} is not set", needed.name);
    }
    for pod in of_kind("Deployment").into_iter().chain(of_kind("Job")) {
        for variable in
            pod["spec"]["template"]["spec"]["containers"][0]["env"].as_array().into_iter().flatten()
        {
            let name = variable["name"].as_str().unwrap();
            assert!(OTHER_VARIABLES.contains(&name) || table::find(name).is_some(), "{name}");
        }
    }
}

#[test]
fn the_database_is_one_that_pods_can_share() {
    let secrets = of_kind("Secret");
    let urls: Vec<&str> = secrets.iter().filter_map(|s| s["stringData"]["DATABASE_URL"].as_str()).collect();
    assert_eq!(urls.len(), 1);
    assert!(rules::is_server_database(urls[0]));
}

#[test]
fn the_connections_are_complete_and_hold_known_settings() {
    let secrets = of_kind("Secret");
    let files: Vec<&str> =
        secrets.iter().filter_map(|secret| secret["stringData"][TOML_FILE].as_str()).collect();
    assert_eq!(files.len(), 1);
    let file: toml::Table = files[0].parse().unwrap();
    assert_eq!(file.keys().collect::<Vec<_>>(), ["connections"], "the process is set by the environment");
    let connections = file["connections"].as_table().unwrap();
    assert_eq!(connections.len(), 2);
    for (name, values) in connections {
        assert_eq!(table::CONNECTION.check(name), [], "{name}");
        let values = values.as_table().unwrap();
        for (key, value) in values {
            let setting = known(key);
            assert_eq!(setting.scope, Scope::Connection, "{key}");
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_fits(setting, &value);
        }
        let is_set = |setting: &Setting| values.contains_key(&setting.name.to_ascii_lowercase());
        assert_eq!(rules::missing(&is_set), Vec::<Finding>::new(), "{name}");
    }
}

#[test]
fn everything_that_a_pod_refers_to_is_there() {
    for pod in of_kind("Deployment").into_iter().chain(of_kind("Job")) {
        let spec = &pod["spec"]["template"]["spec"];
        let sources = spec["containers"][0]["envFrom"].as_array().unwrap().iter();
        let volumes = spec["volumes"].as_array().into_iter().flatten();
        let names = |kind: &str| -> Vec<Value> {
            of_kind(kind).into_iter().map(|object| object["metadata"]["name"].clone()).collect()
        };
        for source in sources {
            let (kind, reference) = match source.get("secretRef") {
                Some(reference) => ("Secret", reference),
                None => ("ConfigMap", &source["configMapRef"]),
            };
            assert!(names(kind).contains(&reference["name"]), "{source}");
        }
        for volume in volumes.filter_map(|volume| volume.get("secret")) {
            assert!(names("Secret").contains(&volume["secretName"]), "{volume}");
        }
    }
}

fn known(name: &str) -> &'static Setting {
    table::find(name).unwrap_or_else(|| panic!("{name} is no setting"))
}

/// A secret is a placeholder or empty, everything else a value that the program takes.
fn assert_fits(setting: &Setting, value: &str) {
    if setting.secret {
        assert!(value.is_empty() || value.contains(REPLACE), "{} holds what may be a secret", setting.name);
    } else {
        assert_eq!(setting.check(value), [], "{}", setting.name);
    }
}
