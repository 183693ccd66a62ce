use kaspi_amocrm_contract::Language;

use super::*;

const TEXT: &str = "# the shop\nKASPI_API_TOKEN=old # from the cabinet\nAPP_ENV=local\n\nexport AMO_SUBDOMAIN = 'acme'\n\
                    AMO_RPS=5\nAMO_RPS=6\nnonsense\n#AMO_CATALOG_ID=\n";

fn changes(pairs: &[(&'static str, &str)]) -> Changes {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn dotenv(text: &str, pairs: &[(&'static str, &str)]) -> String {
    changed_dotenv(text, &changes(pairs), &|_| false)
}

#[test]
fn lines_are_replaced_where_they_stand_and_all_others_stay() {
    assert_eq!(
        dotenv(
            TEXT,
            &[
                ("KASPI_API_TOKEN", "new"),
                ("AMO_SUBDOMAIN", "b # c"),
                ("AMO_RPS", "7"),
                ("AMO_CATALOG_ID", "9")
            ]
        ),
        "# the shop\nKASPI_API_TOKEN=new # from the cabinet\nAPP_ENV=local\n\nexport AMO_SUBDOMAIN=\"b # c\"\n\
         AMO_RPS=7\nnonsense\n#AMO_CATALOG_ID=\nAMO_CATALOG_ID=9\n"
    );
    assert_eq!(dotenv("A=1\r\nAMO_RPS=5\r\n", &[("AMO_RPS", "6")]), "A=1\r\nAMO_RPS=6\r\n");
    assert_eq!(dotenv("AMO_RPS=5\nA=1", &[("AMO_RPS", "")]), "A=1\n");
    assert_eq!(dotenv("KASPI_API_TOKEN=\"open\n", &[("KASPI_API_TOKEN", "x")]), "KASPI_API_TOKEN=x\n");
}

#[test]
fn what_is_taken_away_does_not_come_back_from_the_file_below() {
    let text = changed_dotenv("AMO_RPS=5\n", &changes(&[("AMO_RPS", ""), ("AMO_STATUS_ID", "")]), &|_| true);
    assert_eq!(text, "AMO_RPS=\nAMO_STATUS_ID=\n");
    let settings = Settings::from_sources([], Some(&text), Some("amo_rps = 9"));
    assert_eq!(settings.value("default", &table::AMO_RPS), Some(("7".to_owned(), Source::Default)));
}

#[test]
fn any_value_in_any_file_is_read_back_and_nothing_else_changes() {
    // A small generator of its own: the same texts each time.
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let names: Vec<&'static str> = table::ALL
        .iter()
        .filter(|setting| setting.scope == Scope::Connection)
        .map(|setting| setting.name)
        .collect();
    let signs: Vec<char> = "ab0=#\"'\\ \t$я🚚{}\n".chars().collect();
    for _ in 0..2_000 {
        let mut text = String::new();
        for _ in 0..next(8) {
            let part: String = (0..next(12)).map(|_| signs[next(signs.len())]).collect();
            match next(4) {
                0 => text += &format!("# {}\n", part.replace('\n', "")),
                1 => text += &format!("{}={part}\n", names[next(names.len())]),
                2 => {
                    text += &format!(
                        "export {} = '{}' # why\n",
                        names[next(names.len())],
                        part.replace(['\'', '\n'], "")
                    )
                }
                _ => text += &format!("{part}\n"),
            }
        }
        let mut wanted = Changes::new();
        for _ in 0..=next(4) {
            let value: String = (0..next(12)).map(|_| signs[next(signs.len())]).collect();
            wanted.insert(names[next(names.len())], value.trim().to_owned());
        }
        let after = changed_dotenv(&text, &wanted, &|_| false);
        let value_of = |text: &str, name: &str| {
            let (entries, _) = dotenv::parse(text);
            let last = entries.into_iter().rfind(|entry| entry.name == name);
            last.map(|entry| entry.value.trim().to_owned()).unwrap_or_default()
        };
        for name in &names {
            let expected = wanted.get(name).cloned().unwrap_or_else(|| value_of(&text, name));
            assert_eq!(value_of(&after, name), expected, "{name} of {text:?} became {after:?}");
        }
        let others = |text: &str| -> Vec<String> {
            let is_other = |line: &&str| !dotenv::name_of(line).is_some_and(|name| wanted.contains_key(name));
            text.lines().filter(is_other).map(str::to_owned).collect()
        };
        assert_eq!(others(&after), others(&text), "{text:?}");
        assert_eq!(changed_dotenv(&after, &wanted, &|_| false), after, "the same again changes nothing");
    }
}

#[test]
fn a_connection_of_the_toml_file_is_changed_there() {
    let text = "# all\nlease_seconds = 60\n\n[connections.one]\nkaspi_api_token = 'k' # mine\n\
                [connections.one.status_map]\nNEW = 1\n\n[connections.two]\namo_rps = 3\n";
    let changed = toml_text::changed(
        text,
        "one",
        &changes(&[("KASPI_API_TOKEN", "n\"ew"), ("STATUS_MAP", "NEW=2"), ("AMO_RPS", "9")]),
    )
    .unwrap();
    assert_eq!(
        changed,
        "# all\nlease_seconds = 60\n\n[connections.one]\nkaspi_api_token = 'n\"ew' # mine\namo_rps = \"9\"\n\
         status_map = \"NEW=2\"\n\n[connections.two]\namo_rps = 3\n"
    );
    let added = toml_text::changed(text, "three", &changes(&[("AMO_SUBDOMAIN", "acme")])).unwrap();
    assert_eq!(added, format!("{text}\n[connections.three]\namo_subdomain = \"acme\"\n"));
    assert!(
        toml_text::changed("connections = { one = { amo_rps = 1 } }", "one", &changes(&[("AMO_RPS", "2")]))
            .is_err()
    );
    assert!(toml_text::changed("a = [", "one", &changes(&[("AMO_RPS", "2")])).is_err());
}

#[test]
fn files_are_written_private_and_only_where_something_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let new = changes(&[("KASPI_API_TOKEN", "k"), ("AMO_RPS", "9")]);
    let settings = Settings::from_sources([("AMO_RPS".to_owned(), "5".to_owned())], None, None);
    let written = settings.write(folder.path(), "default", &new).unwrap();
    assert_eq!(written.file, Some(folder.path().join(DOTENV_FILE)));
    assert_eq!(written.overridden, ["AMO_RPS"]);
    let text = fs::read_to_string(folder.path().join(DOTENV_FILE)).unwrap();
    assert_eq!(text, "AMO_RPS=9\nKASPI_API_TOKEN=k\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(folder.path().join(DOTENV_FILE)).unwrap().mode() & 0o777, 0o600);
    }
    let settings = Settings::load(folder.path());
    assert_eq!(settings.write(folder.path(), "default", &new).unwrap().file, None);
    // Where only the TOML file describes the connection, it is the one to change.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join(TOML_FILE), "amo_rps = 3\n").unwrap();
    let written = Settings::load(other.path()).write(other.path(), "default", &new).unwrap();
    assert_eq!(written.file, Some(other.path().join(TOML_FILE)));
    assert_eq!(
        fs::read_to_string(other.path().join(TOML_FILE)).unwrap(),
        "amo_rps = \"9\"\nkaspi_api_token = \"k\"\n"
    );
    let missing = Settings::default().write(&folder.path().join("none"), "default", &new).unwrap_err();
    assert!(missing.problem.render(Language::En).starts_with("cannot be written"), "{missing}");
}

#[test]
fn a_draft_is_what_would_be_in_force() {
    let settings =
        Settings::from_sources([("AMO_RPS".to_owned(), "5".to_owned())], Some("AMO_STATUS_ID=1"), None);
    let draft = settings
        .with("default", &changes(&[("AMO_RPS", "9"), ("AMO_STATUS_ID", ""), ("KASPI_API_TOKEN", "k")]));
    let value = |setting| draft.value("default", setting);
    assert_eq!(value(&table::AMO_RPS), Some(("5".to_owned(), Source::Environment)));
    assert_eq!(value(&table::AMO_STATUS_ID), None);
    let back = settings.changes_to("default", &draft);
    assert_eq!(back, changes(&[("AMO_STATUS_ID", ""), ("KASPI_API_TOKEN", "k")]));
    assert_eq!(value(&table::KASPI_API_TOKEN), Some(("k".to_owned(), Source::DotEnv)));
    assert_eq!(lines("default", &changes(&[("AMO_RPS", "9"), ("AMO_STATUS_ID", "")])), ["AMO_RPS=9"]);
    assert_eq!(
        lines("two", &changes(&[("LEAD_NAME_TEMPLATE", "Kaspi {code}")])),
        ["[connections.two]", "lead_name_template = \"Kaspi {code}\""]
    );
    assert!(is_secret("KASPI_API_TOKEN") && !is_secret("AMO_RPS"));
}
