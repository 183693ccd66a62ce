//! How the pods run: what is asked of them, who is allowed to do what, and how many may go.

use serde_json::{Value, json};

use crate::files::{of_kind, program_sources, the};

#[test]
fn probes_ask_what_the_program_serves() {
    let deployment = the("Deployment");
    let container = container(&deployment);
    let port = &container["ports"][0];
    assert_eq!(container["args"], json!(["serve", "--listen", format!("0.0.0.0:{}", port["containerPort"])]));
    let sources = program_sources();
    for (probe, path) in
        [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")]
    {
        assert_eq!(container[probe]["httpGet"], json!({"path": path, "port": port["name"]}), "{probe}");
        assert!(sources.contains(&format!(".route(\"{path}\"")), "the program does not serve {path}");
    }
}

#[test]
fn selectors_meet_the_pods_that_they_mean() {
    let (deployment, job) = (the("Deployment"), the("Job"));
    let [serving, migrating] = [&deployment, &job].map(|pod| &pod["spec"]["template"]["metadata"]["labels"]);
    let spread = &deployment["spec"]["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"];
    for selector in [
        &deployment["spec"]["selector"]["matchLabels"],
        &spread["matchLabels"],
        &the("Service")["spec"]["selector"],
        &the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ] {
        assert!(meets(selector, serving) && !meets(selector, migrating), "{selector}");
    }
    let policy = the("NetworkPolicy");
    let selector = &policy["spec"]["podSelector"]["matchLabels"];
    assert!(meets(selector, serving) && meets(selector, migrating), "{selector}");
}

#[test]
fn the_network_lets_in_what_is_served_and_out_what_is_needed() {
    let (deployment, service, policy) = (the("Deployment"), the("Service"), the("NetworkPolicy"));
    let port = &container(&deployment)["ports"][0];
    assert_eq!(service["spec"]["ports"][0]["targetPort"], port["name"]);
    let ports = |direction: &str| -> Vec<u64> {
        let rules = policy["spec"][direction].as_array().unwrap().iter();
        let mut ports: Vec<u64> = rules
            .flat_map(|rule| rule["ports"].as_array().unwrap())
            .map(|p| p["port"].as_u64().unwrap())
            .collect();
        ports.dedup();
        ports
    };
    assert_eq!(ports("ingress"), [port["containerPort"].as_u64().unwrap()]);
    assert_eq!(ports("egress"), [53, 5432, 443], "names, PostgreSQL, the two APIs");
}

#[test]
fn one_pod_may_go_and_none_goes_before_another_is_ready() {
    let deployment = the("Deployment");
    let replicas = deployment["spec"]["replicas"].as_u64().unwrap();
    let kept = the("PodDisruptionBudget")["spec"]["minAvailable"].as_u64().unwrap();
    assert!(kept >= 1 && kept < replicas, "a node could never be drained: {kept} of {replicas}");
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}});
    assert_eq!(deployment["spec"]["strategy"], rolling);
}

#[test]
fn a_pod_has_the_time_that_the_program_takes_to_end() {
    let sources = program_sources();
    let (_, rest) = sources
        .split_once("const CLOSING: Duration = Duration::from_secs(")
        .expect("the program names the time that it takes to end");
    let closing: u64 = rest.split(')').next().unwrap().parse().unwrap();
    let grace =
        the("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(grace >= closing + 5, "{grace} s are too short for {closing} s");
}

#[test]
fn pods_are_allowed_nothing_that_they_do_not_need() {
    for pod in of_kind("Deployment").into_iter().chain(of_kind("Job")) {
        let spec = &pod["spec"]["template"]["spec"];
        assert_eq!(spec["containers"].as_array().map(Vec::len), Some(1));
        assert_eq!(spec["automountServiceAccountToken"], false);
        let context = &spec["securityContext"];
        assert_eq!(context["runAsNonRoot"], true);
        assert!(context["runAsUser"].as_u64().is_some_and(|user| user > 0));
        assert_eq!(context["seccompProfile"], json!({"type": "RuntimeDefault"}));
        let container = container(&pod);
        let allowed = json!({
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        });
        assert_eq!(container["securityContext"], allowed);
        for amount in [&container["resources"]["requests"], &container["resources"]["limits"]] {
            assert!(amount["memory"].is_string(), "{amount}");
        }
    }
}

#[test]
fn compiled_code_has_a_folder_that_can_be_written_and_the_settings_one_that_cannot() {
    let deployment = the("Deployment");
    let (container, volumes) = (container(&deployment), &deployment["spec"]["template"]["spec"]["volumes"]);
    let mount = |path: &Value| {
        let mounts = container["volumeMounts"].as_array().unwrap();
        let mount = mounts.iter().find(|mount| mount["mountPath"] == *path).unwrap();
        let volume =
            volumes.as_array().unwrap().iter().find(|volume| volume["name"] == mount["name"]).unwrap();
        (mount, volume)
    };
    assert!(program_sources().contains("\"XDG_CACHE_HOME\""));
    assert_eq!(container["env"][0]["name"], "XDG_CACHE_HOME");
    let (cache, volume) = mount(&container["env"][0]["value"]);
    assert!(cache.get("readOnly").is_none() && volume["emptyDir"].is_object(), "{cache} {volume}");
    let (settings, volume) = mount(&container["workingDir"]);
    assert!(settings["readOnly"] == true && volume["secret"].is_object(), "{settings} {volume}");
}

/// Of a pod with one container.
pub(crate) fn container(pod: &Value) -> &Value {
    &pod["spec"]["template"]["spec"]["containers"][0]
}

/// Whether a pod has all labels that a selector names.
fn meets(selector: &Value, labels: &Value) -> bool {
    let selector = selector.as_object().unwrap();
    !selector.is_empty() && selector.iter().all(|(name, value)| labels.get(name) == Some(value))
}
