//! Every object against the types of the Kubernetes API: read into its type and written again it must be the same.
//! A field that Kubernetes does not know is lost on the way, and one that it requires appears.

use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        batch::v1::Job,
        core::v1::{ConfigMap, Secret, Service},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
    },
    serde::{Serialize, de::DeserializeOwned},
};
use serde_json::Value;

use crate::files::{manifests, parse, text};

#[test]
fn every_object_is_what_kubernetes_takes() {
    let mut all = Vec::new();
    for (file, object) in manifests() {
        all.extend(faults(&object).into_iter().map(|fault| format!("{file}: {fault}")));
    }
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn objects_can_be_told_apart() {
    let mut names: Vec<_> = manifests()
        .into_iter()
        .map(|(_, object)| (object["kind"].to_string(), object["metadata"]["name"].to_string()))
        .collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two objects of one kind have the same name: {names:?}");
    for (file, object) in manifests() {
        assert!(object["metadata"]["name"].is_string(), "{file}");
        assert!(
            object["metadata"].get("namespace").is_none(),
            "{file}: whoever applies it chooses the namespace"
        );
    }
}

#[test]
fn the_documentation_names_the_version_that_is_checked() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let feature = &manifest["workspace"]["dependencies"]["k8s-openapi"]["features"][0];
    let version = feature.as_str().unwrap().trim_start_matches('v').replace('_', ".");
    let named = format!("the types of the Kubernetes API, version {version}:");
    assert!(text("docs/operations.md").contains(&named), "{named}");
}

#[test]
fn planted_mistakes_are_found() {
    let serve = text("deploy/kubernetes/serve.yaml");
    for (right, wrong, fault) in [
        ("readinessProbe:", "readynessProbe:", "spec.template.spec.containers.0.readynessProbe"),
        ("  replicas: 2", "  replica: 2", "spec.replica"),
        ("  replicas: 2", "  replicas: two", "expected i32"),
        ("apiVersion: apps/v1", "apiVersion: apps/v2", "apps/v2 Deployment"),
        (
            "        - name: kaspi-amocrm\n          image",
            "        - image",
            "spec.template.spec.containers.0.name",
        ),
        ("    type: RollingUpdate\n", "    type: RollingUpdate\n    kind: x\n", "spec.strategy.kind"),
        (
            "terminationGracePeriodSeconds: 30",
            "terminationGracePeriodSeconds:",
            "terminationGracePeriodSeconds",
        ),
    ] {
        let planted = serve.replacen(right, wrong, 1);
        assert_ne!(planted, serve, "{right} is not there");
        let found: Vec<String> = parse("planted", &planted).iter().flat_map(faults).collect();
        assert!(found.len() == 1 && found[0].contains(fault), "{wrong}: {found:?}");
    }
}

/// What is wrong with an object.
fn faults(object: &Value) -> Vec<String> {
    let (version, kind) = (object["apiVersion"].as_str(), object["kind"].as_str());
    match (version.unwrap_or_default(), kind.unwrap_or_default()) {
        ("v1", "ConfigMap") => differences::<ConfigMap>(object),
        ("v1", "Secret") => differences::<Secret>(object),
        ("v1", "Service") => differences::<Service>(object),
        ("apps/v1", "Deployment") => differences::<Deployment>(object),
        ("batch/v1", "Job") => differences::<Job>(object),
        ("networking.k8s.io/v1", "NetworkPolicy") => differences::<NetworkPolicy>(object),
        ("policy/v1", "PodDisruptionBudget") => differences::<PodDisruptionBudget>(object),
        (version, kind) => vec![format!("{version} {kind} is not known here")],
    }
}

fn differences<T: DeserializeOwned + Serialize>(object: &Value) -> Vec<String> {
    let typed: T = match serde_json::from_value(object.clone()) {
        Ok(typed) => typed,
        Err(error) => return vec![error.to_string()],
    };
    let mut found = Vec::new();
    compare("", object, &serde_json::to_value(typed).unwrap(), &mut found);
    found
}

/// Names every place where the two are not the same.
fn compare(path: &str, ours: &Value, typed: &Value, found: &mut Vec<String>) {
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (ours, typed) {
        (Value::Object(ours), Value::Object(typed)) => {
            for (key, value) in ours {
                match typed.get(key) {
                    Some(typed) => compare(&at(key), value, typed, found),
                    None => found.push(format!("{} is no field", at(key))),
                }
            }
            found.extend(
                typed
                    .keys()
                    .filter(|key| !ours.contains_key(*key))
                    .map(|key| format!("{} is required", at(key))),
            );
        }
        (Value::Array(ours), Value::Array(typed)) if ours.len() == typed.len() => {
            for (index, (ours, typed)) in ours.iter().zip(typed).enumerate() {
                compare(&at(&index.to_string()), ours, typed, found);
            }
        }
        _ if ours == typed => {}
        _ => found.push(format!("{path} is {ours} and would be taken as {typed}")),
    }
}
