//! Circles among arrows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::uses::Arrow;

/// Short circles, so that each file that is in any circle is in one of these. Each is a list of arrows that comes back
/// to where it began.
pub(super) fn circles(arrows: &[Arrow]) -> Vec<Vec<&Arrow>> {
    let mut from: BTreeMap<usize, Vec<&Arrow>> = BTreeMap::new();
    for arrow in arrows {
        from.entry(arrow.from).or_default().push(arrow);
    }
    let mut shortest: Vec<_> = from.keys().filter_map(|&file| shortest_through(file, &from)).collect();
    shortest.sort_by_key(Vec::len);
    let mut covered = BTreeSet::new();
    shortest.retain(|circle| {
        let known = covered.len();
        covered.extend(circle.iter().map(|arrow| arrow.from));
        covered.len() > known
    });
    shortest
}

fn shortest_through<'a>(file: usize, from: &BTreeMap<usize, Vec<&'a Arrow>>) -> Option<Vec<&'a Arrow>> {
    let mut reached: BTreeMap<usize, &Arrow> = BTreeMap::new();
    let mut waiting = VecDeque::from([file]);
    while let Some(at) = waiting.pop_front() {
        for &arrow in from.get(&at).into_iter().flatten() {
            if reached.contains_key(&arrow.to) {
                continue;
            }
            reached.insert(arrow.to, arrow);
            if arrow.to == file {
                return Some(back(file, &reached));
            }
            waiting.push_back(arrow.to);
        }
    }
    None
}

fn back<'a>(file: usize, reached: &BTreeMap<usize, &'a Arrow>) -> Vec<&'a Arrow> {
    let mut circle = Vec::new();
    let mut at = file;
    while let Some(&arrow) = reached.get(&at) {
        circle.push(arrow);
        at = arrow.from;
        if at == file {
            break;
        }
    }
    circle.reverse();
    circle
}
