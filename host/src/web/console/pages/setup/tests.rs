use super::*;

#[test]
fn every_step_has_a_page_of_its_own_address() {
    // Fixed addresses win over the one with a parameter.
    assert!(Step::ALL.iter().all(|step| step.name() != "finish"));
}
