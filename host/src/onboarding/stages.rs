//! Which stage belongs to which state of an order: what is proposed from the names of the stages, and what a choice
//! makes of `STATUS_MAP`.

use kaspi_amocrm_contract::{KNOWN_PAIRS, StatusMap};

use crate::{contract::types::Named, i18n::words::Words};

const WON: i64 = 142;
const LOST: i64 = 143;

/// A state of orders at Kaspi, and how it is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// As in `STATUS_MAP`.
    pub(crate) key: &'static str,
    /// For people.
    pub(crate) title: Words,
    /// Parts of names of stages that belong to it, the best first.
    names: &'static [&'static str],
    /// Whose stage it gets where none is named so.
    like: Option<&'static str>,
    pair: (&'static str, &'static str, Option<&'static str>),
}

/// All of them, in the order in which an order goes through them.
pub(crate) fn rows() -> [Row; 13] {
    let row = |at: usize, key, title, names, like| Row { key, title, names, like, pair: KNOWN_PAIRS[at] };
    [
        row(
            0,
            "NEW",
            Words::new("new", "новый", "жаңа"),
            &["новый заказ", "новые заказы", "новая заявка", "новый", "new", "жаңа"],
            None,
        ),
        row(
            1,
            "SIGN_REQUIRED",
            Words::new("credit to be signed", "ждёт подписания кредита", "несиеге қол қою күтілуде"),
            &["подпис", "кредит", "sign", "қол қою"],
            Some("NEW"),
        ),
        row(
            2,
            "PICKUP",
            Words::new("waiting for pickup", "самовывоз", "өзі алып кетеді"),
            &["самовывоз", "выдач", "pickup", "алып кет"],
            Some("KASPI_DELIVERY/packing"),
        ),
        row(
            3,
            "DELIVERY",
            Words::new("your own delivery", "ваша доставка", "өз жеткізуіңіз"),
            &["достав", "курьер", "deliver", "жеткіз"],
            Some("KASPI_DELIVERY/packing"),
        ),
        row(
            4,
            "KASPI_DELIVERY/pre_order",
            Words::new("pre-order", "предзаказ", "алдын ала тапсырыс"),
            &["предзаказ", "pre-order", "preorder", "алдын ала"],
            Some("NEW"),
        ),
        row(
            5,
            "KASPI_DELIVERY/packing",
            Words::new("to be packed", "нужно упаковать", "орау керек"),
            &["упаковк", "упаковать", "сборк", "комплект", "в работе", "принят", "pack", "орау", "жинау"],
            Some("NEW"),
        ),
        row(
            6,
            "KASPI_DELIVERY/packed",
            Words::new("packed", "упакован", "оралған"),
            &["упакован", "собран", "готов", "packed", "ready", "оралған", "дайын"],
            Some("KASPI_DELIVERY/packing"),
        ),
        row(
            7,
            "KASPI_DELIVERY/handed_over",
            Words::new("handed over to the courier", "передан курьеру", "курьерге берілді"),
            &["передан", "в пути", "отправ", "достав", "курьер", "deliver", "ship", "жеткіз", "жолда"],
            Some("KASPI_DELIVERY/packed"),
        ),
        row(
            8,
            "KASPI_DELIVERY/CANCELLING",
            Words::new("is being cancelled", "отменяется", "бас тартылып жатыр"),
            &["отменяет", "на отмен", "cancelling"],
            None,
        ),
        row(
            9,
            "KASPI_DELIVERY/KASPI_DELIVERY_RETURN_REQUESTED",
            Words::new("return asked for", "запрошен возврат", "қайтару сұралды"),
            &["возврат", "return", "қайтар"],
            None,
        ),
        row(10, "ARCHIVE/COMPLETED", Words::new("delivered", "выдан", "берілді"), &[], None),
        row(11, "ARCHIVE/CANCELLED", Words::new("cancelled", "отменён", "бас тартылды"), &[], None),
        row(12, "ARCHIVE/RETURNED", Words::new("returned", "возвращён", "қайтарылды"), &[], None),
    ]
}

/// The stage of each row, from the names of the stages; `None` leaves a lead where it is.
pub(crate) fn proposed(stages: &[Named]) -> Vec<Option<i64>> {
    let has = |id: i64| stages.iter().any(|stage| stage.id == id).then_some(id);
    let open: Vec<(i64, String)> = stages
        .iter()
        .filter(|stage| ![WON, LOST].contains(&stage.id))
        .map(|stage| (stage.id, stage.name.to_lowercase()))
        .collect();
    let rows = rows();
    let named = |row: &Row| {
        let of = |part: &&str| open.iter().find(|(_, name)| name.contains(*part)).map(|(id, _)| *id);
        row.names.iter().find_map(of)
    };
    let stage = |row: &Row| -> Option<i64> {
        // Each row is at most three steps from one that stands on its own.
        let mut row = *row;
        loop {
            match (named(&row), row.key, row.like) {
                (Some(id), ..) => return Some(id),
                (None, "NEW", _) => return open.first().map(|(id, _)| *id),
                (None, "ARCHIVE/COMPLETED", _) => return has(WON),
                (None, "ARCHIVE/CANCELLED" | "ARCHIVE/RETURNED", _) => return has(LOST),
                (None, _, None) => return None,
                (None, _, Some(like)) => row = *rows.iter().find(|row| row.key == like)?,
            }
        }
    };
    rows.iter().map(stage).collect()
}

/// The stage of each row as a map has it.
pub(crate) fn of_map(map: &StatusMap) -> Vec<Option<i64>> {
    rows().iter().map(|Row { pair: (state, status, stage), .. }| map.lookup(state, status, *stage)).collect()
}

/// `STATUS_MAP` for chosen stages, one for each row. What the present map says of other states stays where it does not
/// contradict; a map that means the same already stays as it is written.
pub(crate) fn map_of(chosen: &[Option<i64>], present: &str) -> String {
    let before = StatusMap::parse(present).unwrap_or_default();
    if !before.is_empty() && of_map(&before) == chosen {
        return present.to_owned();
    }
    let rows = rows();
    let mut entries: Vec<(String, i64)> =
        rows.iter().zip(chosen).filter_map(|(row, id)| Some((row.key.to_owned(), (*id)?))).collect();
    let text = |entries: &[(String, i64)]| {
        entries.iter().map(|(key, id)| format!("{key}={id}")).collect::<Vec<_>>().join(",")
    };
    for (key, id) in before.iter().filter(|(key, _)| rows.iter().all(|row| row.key != *key)) {
        entries.push((key.to_owned(), id));
        let with_it = StatusMap::parse(&text(&entries)).unwrap_or_default();
        if of_map(&with_it) != chosen {
            entries.pop();
        }
    }
    text(&entries)
}

/// How two maps differ: the rows that lead elsewhere, with the stage before and after.
pub(crate) fn differences(before: &str, after: &str) -> Vec<(Row, Option<i64>, Option<i64>)> {
    let of = |text: &str| of_map(&StatusMap::parse(text).unwrap_or_default());
    let all = rows().into_iter().zip(of(before).into_iter().zip(of(after)));
    all.filter(|(_, (before, after))| before != after)
        .map(|(row, (before, after))| (row, before, after))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples::named;

    fn stages(all: &[(i64, &str)]) -> Vec<Named> {
        all.iter().map(|(id, name)| named(*id, name, None)).collect()
    }

    fn by_key(chosen: &[Option<i64>]) -> String {
        let pairs = rows().into_iter().zip(chosen);
        pairs.map(|(row, id)| format!("{}={}", row.key, id.unwrap_or(0))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rows_are_the_known_states() {
        for (row, (state, status, stage)) in rows().iter().zip(KNOWN_PAIRS) {
            let detail = stage.unwrap_or(status);
            assert!(row.key == state || row.key == format!("{state}/{detail}"), "{}", row.key);
            assert!(StatusMap::parse(&format!("{}=1", row.key)).is_ok());
        }
    }

    #[test]
    fn stages_are_recognised_by_their_names() {
        let named = stages(&[
            (1, "Новый заказ"),
            (2, "Упаковка"),
            (3, "Упакован"),
            (4, "Доставка 🚚"),
            (5, "Возврат"),
            (142, "Успешно реализовано"),
            (143, "Закрыто и не реализовано"),
        ]);
        assert_eq!(
            by_key(&proposed(&named)),
            "NEW=1 SIGN_REQUIRED=1 PICKUP=2 DELIVERY=4 KASPI_DELIVERY/pre_order=1 KASPI_DELIVERY/packing=2 \
             KASPI_DELIVERY/packed=3 KASPI_DELIVERY/handed_over=4 KASPI_DELIVERY/CANCELLING=0 \
             KASPI_DELIVERY/KASPI_DELIVERY_RETURN_REQUESTED=5 ARCHIVE/COMPLETED=142 ARCHIVE/CANCELLED=143 \
             ARCHIVE/RETURNED=143"
        );
    }

    #[test]
    fn stages_that_nobody_recognises_begin_with_the_first() {
        let plain = stages(&[(7, "Первичный контакт"), (8, "Переговоры")]);
        let expected = [Some(7); 8].into_iter().chain([None; 5]).collect::<Vec<_>>();
        assert_eq!(proposed(&plain), expected);
        assert_eq!(proposed(&[]), [None; 13]);
        let kazakh = stages(&[(1, "Жаңа тапсырыс"), (2, "Орау"), (3, "Жолда"), (142, "Сәтті")]);
        let found = proposed(&kazakh);
        assert_eq!(
            (found[0], found[5], found[7], found[10], found[11]),
            (Some(1), Some(2), Some(3), Some(142), None)
        );
    }

    #[test]
    fn a_choice_becomes_a_map_and_says_no_more_than_was_chosen() {
        let mut chosen = vec![None; 13];
        chosen[0] = Some(1);
        chosen[6] = Some(3);
        assert_eq!(map_of(&chosen, ""), "NEW=1,KASPI_DELIVERY/packed=3");
        let general = "KASPI_DELIVERY=2,ARCHIVE/SOMETHING=9,NEW=5";
        assert_eq!(
            map_of(&chosen, general),
            "NEW=1,KASPI_DELIVERY/packed=3,ARCHIVE/SOMETHING=9",
            "a general entry would move orders that nobody chose a stage for"
        );
        let same = of_map(&StatusMap::parse(general).unwrap());
        assert_eq!(map_of(&same, general), general);
        assert_eq!(map_of(&[None; 13], ""), "");
    }

    #[test]
    fn differences_are_told_by_row() {
        let told = differences("NEW=1,KASPI_DELIVERY=2", "NEW=1,KASPI_DELIVERY=2,KASPI_DELIVERY/packed=3");
        let told: Vec<_> = told.iter().map(|(row, before, after)| (row.key, *before, *after)).collect();
        assert_eq!(told, [("KASPI_DELIVERY/packed", Some(2), Some(3))]);
        assert!(differences("NEW=1", "NEW=1").is_empty());
    }
}
