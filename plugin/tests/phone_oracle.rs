//! Compares our reading of phone numbers with the crate `phonenumber`, an independent port of libphonenumber.
//!
//! The component uses `rlibphonenumber` (docs/decisions/0002-phone-library.md). Over a fixed set of some 3700 texts the
//! two must agree on which numbers are real and on their E.164. They do for every number of Kazakhstan and its
//! neighbours; what `phonenumber` 0.3.10 does not understand are some spellings, see [`MISREAD`] and [`PLANS_DIFFER`].

use kaspi_amocrm_plugin::domain::phone::{self, PhoneReading};
use phonenumber::{Mode, country::Id};

/// Findings about `phonenumber` 0.3.10, read with Kazakhstan as the default country: (text, its answer, ours).
const MISREAD: &[(&str, Option<&str>, &str)] = &[
    // The usual spelling of Kaspi: the leading 7 is dropped as if it were the country prefix.
    ("7000000001", None, "+77000000001"),
    // A leading 8 of any national number is dropped as if it were the trunk prefix, also after "+7" ...
    ("+7 800 600 47 79", None, "+78006004779"),
    ("78006004779", None, "+78006004779"),
    // ... and in other countries, which yields another, real-looking number.
    ("+49 89 09368002", Some("+49909368002"), "+498909368002"),
    ("810 49 89 09368002", Some("+49909368002"), "+498909368002"),
    // The Russian word for an extension makes it give up.
    ("+7 700 000 0001 доб. 5", None, "+77000000001"),
];

/// Beginnings of numbers that `phonenumber` 0.3.10 calls real and we do not. Its numbering plans are of release 9.0.33,
/// ours of 9.0.42. None of them is Kazakh or of the CIS.
const PLANS_DIFFER: &[&str] = &["+86100", "+97611"];

/// Country prefix, first digits of national numbers (real and not), and how many digits a national number has.
const PLANS: &[(&str, &[&str], usize)] = &[
    // Russia, which shares the prefix with Kazakhstan.
    ("7", &["900", "912", "953", "999", "495", "812", "343", "800", "100", "600"], 10),
    ("998", &["90", "91", "93", "97", "99", "71", "62", "10"], 9),
    ("996", &["700", "555", "770", "312", "220", "100"], 9),
    ("992", &["90", "92", "98", "37", "10"], 9),
    ("993", &["61", "65", "12", "99"], 8),
    ("375", &["29", "33", "44", "17", "10"], 9),
    ("380", &["50", "67", "93", "44", "10"], 9),
    ("374", &["91", "77", "10", "22"], 8),
    ("994", &["50", "55", "70", "12", "80"], 9),
    ("995", &["555", "599", "322", "100"], 9),
    ("373", &["69", "79", "22", "10"], 8),
    ("976", &["99", "88", "11", "20"], 8),
    ("49", &["151", "160", "170", "30", "89"], 10),
    ("90", &["532", "505", "212", "100"], 10),
    ("86", &["138", "159", "186", "100"], 11),
    ("1", &["212", "415", "200", "555"], 10),
    ("44", &["7400", "7911", "2079", "1000"], 10),
    ("971", &["50", "55", "52", "10"], 9),
    ("82", &["10", "11", "99"], 10),
    ("972", &["50", "54", "10"], 9),
];

/// A fixed sequence, the same on every machine (Knuth's MMIX constants).
struct Sequence(u64);

impl Sequence {
    fn next_below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b"0123456789"[self.next_below(10)])).collect()
    }
}

/// All texts to compare, each once.
fn texts() -> Vec<String> {
    let mut sequence = Sequence(20_261_124);
    let mut texts = Vec::new();
    // Every block of ten digits that begins with 7 or 8, in the spellings of Kazakhstan.
    for block in 700..900 {
        let rest = sequence.digits(7);
        let (a, b, c) = (&rest[..3], &rest[3..5], &rest[5..]);
        texts.extend([
            format!("{block}{rest}"),
            format!("8{block}{rest}"),
            format!("7{block}{rest}"),
            format!("+7{block}{rest}"),
            format!("8 ({block}) {a}-{b}-{c}"),
            format!("+7 {block} {a} {b} {c}"),
            format!("+7-{block}-{a}-{b}-{c} ext. {}", sequence.next_below(1_000)),
        ]);
        // One digit too few and one too many.
        texts.extend([format!("{block}{}", &rest[..6]), format!("+7{block}{rest}1")]);
    }
    // Landline areas of Kazakhstan by their first four digits.
    for area in 7100..7300 {
        texts.push(format!("8{area}{}", sequence.digits(6)));
    }
    for (prefix, starts, length) in PLANS {
        for start in *starts {
            for _ in 0..4 {
                let rest = sequence.digits(length - start.len());
                texts.extend([
                    format!("+{prefix}{start}{rest}"),
                    format!("+{prefix} ({start}) {rest}"),
                    format!("810 {prefix} {start} {rest}"),
                    format!("+{prefix}-{start}-{rest} ext. 12"),
                ]);
            }
            let rest = sequence.digits(length - start.len() - 1);
            texts.extend([format!("+{prefix}{start}{rest}"), format!("+{prefix}{start}{rest}12")]);
        }
    }
    texts
}

fn ours(text: &str) -> Option<String> {
    match phone::parse(text, "KZ") {
        PhoneReading::Valid(phone) => Some(phone.as_str().to_owned()),
        PhoneReading::Masked | PhoneReading::Invalid | PhoneReading::Missing => None,
    }
}

/// The oracle's answer. `default` decides about numbers without a country prefix.
fn theirs(text: &str, default: Option<Id>) -> Option<String> {
    let number = phonenumber::parse(default, text).ok()?;
    number.is_valid().then(|| number.format().mode(Mode::E164).to_string())
}

/// Whether the oracle calls a number real, however its parser trips over the spelling, see [`MISREAD`].
fn is_real_by_oracle(e164: &str) -> bool {
    match e164.strip_prefix("+7") {
        // Past its parser: a number of its own made from the parts.
        Some(national) => {
            let parts = format!(
                r#"{{"code":{{"value":7,"source":"plus"}},"national":{{"value":{national}}},"extension":null,"carrier":null}}"#
            );
            let number: phonenumber::PhoneNumber =
                serde_json::from_str(&parts).expect("the layout of `phonenumber` 0.3.10");
            number.is_valid() && number.format().mode(Mode::E164).to_string() == e164
        }
        None => theirs(e164, None).as_deref() == Some(e164),
    }
}

#[test]
fn two_libraries_agree_on_numbers() {
    let texts = texts();
    assert!(texts.len() >= 3_000, "{} texts are too few", texts.len());
    let (mut real, mut unreal, mut misread, mut differ) = (0, 0, 0, Vec::new());
    for text in &texts {
        // A number that names its country needs no default one, and is misread with one.
        let default = (!text.starts_with('+')).then_some(Id::KZ);
        match (ours(text), theirs(text, default)) {
            (Some(ours), Some(theirs)) if ours == theirs => real += 1,
            (None, None) => unreal += 1,
            (Some(ours), _) if is_real_by_oracle(&ours) => misread += 1,
            (None, Some(theirs)) if PLANS_DIFFER.iter().any(|start| theirs.starts_with(start)) => {}
            (ours, theirs) => differ.push((text, ours, theirs)),
        }
    }
    assert_eq!(differ, [], "(text, ours, theirs): {} of {}", differ.len(), texts.len());
    // The set has to tell something: enough of both kinds, and most of it read alike.
    assert!(real > 1_000 && unreal > 500, "{real} real, {unreal} not");
    assert!(misread < texts.len() / 8, "{misread} of {} misread", texts.len());
}

/// The numbering plans themselves, with the oracle's parser out of the way: every block of five digits that begins
/// with 7, as landline areas are told apart that far, and every block of three digits of the rest.
#[test]
fn two_libraries_agree_on_the_plan_of_prefix_7() {
    let mut sequence = Sequence(7);
    let kazakh = (70_000..80_000).map(|block: u32| block.to_string());
    let others = (100..1_000).filter(|block| block / 100 != 7).map(|block: u32| block.to_string());
    let mut real = 0;
    for block in kazakh.chain(others) {
        let e164 = format!("+7{block}{}", sequence.digits(10 - block.len()));
        let is_real = ours(&e164).as_deref() == Some(e164.as_str());
        assert_eq!(is_real, is_real_by_oracle(&e164), "of {e164}");
        real += usize::from(is_real);
    }
    assert!(real > 2_000, "only {real} are real");
}

#[test]
fn misreadings_of_the_oracle() {
    for (text, answer, wanted) in MISREAD {
        assert_eq!(ours(text).as_deref(), Some(*wanted), "our reading of {text:?}");
        assert_eq!(theirs(text, Some(Id::KZ)).as_deref(), *answer, "its reading of {text:?}");
    }
}
