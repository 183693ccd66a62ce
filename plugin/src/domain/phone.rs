//! Phone numbers of buyers: from whatever was typed to E.164, and the comparison that contacts are found by.
//!
//! Kaspi sends ten digits, a mask or nothing (docs/apis/kaspi.md 4); amoCRM keeps what people typed
//! (docs/apis/amocrm.md 4.1). Numbers are personal data, so nothing here prints one. Start at [`parse`].

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, enums::Region};

/// Letters that stand for a hidden digit: Latin x, Cyrillic ha, the multiplication sign.
const PLACEHOLDER_LETTERS: [char; 5] = ['x', 'X', 'х', 'Х', '×'];

/// The most characters that are looked at. Longer text is no phone number.
const RAW_CHARS_MAX: usize = 100;

/// What people put between two numbers of one field.
const SEPARATORS: [char; 6] = [',', ';', '/', '\\', '|', '\n'];

/// The most digits an extension has ("доб. 12345").
const EXTENSION_DIGITS_MAX: usize = 7;

/// A real phone number in E.164: `+77000000001`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

/// What a phone field turned out to hold. Only [`PhoneReading::Valid`] may become a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneReading {
    /// A number that exists in its country's numbering plan.
    Valid(Phone),
    /// Kaspi hides the number, which says nothing about the buyer and must not overwrite what is known.
    Masked,
    /// Something that is no phone number.
    Invalid,
    /// Nothing at all.
    Missing,
}

impl PhoneReading {
    /// The number, where there is one.
    pub fn phone(&self) -> Option<&Phone> {
        match self {
            Self::Valid(phone) => Some(phone),
            Self::Masked | Self::Invalid | Self::Missing => None,
        }
    }
}

impl Phone {
    /// A number that was stored in E.164. Checks the shape only: numbering plans change, records stay readable.
    pub fn from_e164(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let shaped = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        (shaped && !digits.starts_with('0')).then(|| Self(text.to_owned()))
    }

    /// E.164 with the plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last ten digits (fewer in countries with short numbers), which amoCRM's `query` finds under any
    /// punctuation and country prefix. Compare the hits with [`same`]: strangers are among them.
    pub fn last10(&self) -> &str {
        let digits = &self.0[1..];
        &digits[digits.len().saturating_sub(10)..]
    }
}

impl fmt::Debug for Phone {
    /// `+7*******001`: enough to tell two numbers of one log apart, too little to call anybody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.len().saturating_sub(5);
        write!(f, "{}{}{}", &self.0[..2], "*".repeat(hidden), &self.0[2 + hidden..])
    }
}

/// Whether a country code is one that numbers can be read for: what the settings' own list is held against.
#[cfg(test)]
pub(crate) fn is_country(code: &str) -> bool {
    region(code).is_some_and(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some())
}

/// Reads a phone field. `country` (ISO code) decides about numbers without a country prefix.
///
/// Extensions and words after the number are dropped. Landlines are as good as mobiles.
pub fn parse(raw: &str, country: &str) -> PhoneReading {
    let raw = raw.trim();
    if raw.is_empty() {
        return PhoneReading::Missing;
    }
    if raw.chars().count() > RAW_CHARS_MAX {
        return PhoneReading::Invalid;
    }
    let number = match strip_words(raw) {
        Stripped::Number(number) => number,
        Stripped::Placeholder => return PhoneReading::Masked,
    };
    let digits = ascii_digits(number);
    if is_zero_mask(number, &digits) {
        return PhoneReading::Masked;
    }
    let phone = kazakh_mobile(number, &digits, country).or_else(|| from_library(number, country));
    phone.map_or(PhoneReading::Invalid, PhoneReading::Valid)
}

/// All real numbers of a phone field of the CRM, as people typed it: usually one, but "... , ..." holds several.
pub fn all_in(raw: &str, country: &str) -> Vec<Phone> {
    let whole = parse(raw, country);
    if let PhoneReading::Valid(phone) = whole
        && !raw.contains(SEPARATORS)
    {
        return vec![phone];
    }
    let texts = std::iter::once(raw).chain(raw.split(SEPARATORS));
    let mut phones: Vec<Phone> = texts.filter_map(|text| parse(text, country).phone().cloned()).collect();
    phones.sort();
    phones.dedup();
    phones
}

/// Whether a phone field of the CRM holds this number, by [`all_in`].
///
/// Equal means equal in E.164: "8 (700) 000-00-01" is `+77000000001`, a number of another country that ends in the
/// same ten digits is not.
pub fn same(raw: &str, phone: &Phone, country: &str) -> bool {
    all_in(raw, country).contains(phone)
}

/// What is left of a field when words and extensions are gone.
enum Stripped<'a> {
    Number(&'a str),
    /// Digits are hidden behind asterisks or letters.
    Placeholder,
}

/// Cuts words before and after the number and its extension; finds placeholders on the way.
///
/// A word counts as "after" once seven digits stand before it, so that vanity numbers ("800 FLOWERS") reach the
/// library whole. A lone `x` or `#` is an extension sign only after a full number of ten digits.
fn strip_words(raw: &str) -> Stripped<'_> {
    let mut digits = 0;
    let mut end = raw.len();
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        let at = raw.len() - rest.len();
        let run = if first.is_alphabetic() || first == '×' {
            rest.find(|c: char| !c.is_alphabetic() && c != '×').unwrap_or(rest.len())
        } else if first == '#' {
            rest.find(|c| c != '#').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, tail) = rest.split_at(run);
        rest = tail;
        let is_sign = word.chars().all(|c| c == '#' || PLACEHOLDER_LETTERS.contains(&c));
        if first.is_ascii_digit() {
            digits += 1;
        } else if matches!(first, '*' | '•' | '●') {
            return Stripped::Placeholder;
        } else if is_sign {
            if digits >= 10 && word.chars().count() == 1 && is_extension(tail) {
                end = at;
                break;
            }
            return Stripped::Placeholder;
        } else if first.is_alphabetic() && digits >= 7 {
            end = at;
            break;
        }
    }
    let number = raw[..end].trim_end_matches(|c: char| !c.is_alphanumeric());
    Stripped::Number(
        number.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '＋' | '(')),
    )
}

/// Whether only the digits of an extension follow.
fn is_extension(tail: &str) -> bool {
    let tail = tail.trim_matches([' ', '.', ':']);
    (1..=EXTENSION_DIGITS_MAX).contains(&tail.len()) && tail.bytes().all(|b| b.is_ascii_digit())
}

fn ascii_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Kaspi's mask `+0(000)-000-00-00`, any string of zeros, and a country prefix followed by zeros.
fn is_zero_mask(number: &str, digits: &str) -> bool {
    let is_zeros = |text: &str| !text.is_empty() && text.bytes().all(|b| b == b'0');
    let national = match digits.len() {
        11 => digits.strip_prefix(['7', '8']).unwrap_or(digits),
        _ => digits,
    };
    is_zeros(national) || number.replace([' ', '(', ')'], "").starts_with("+0")
}

/// The usual case without loading numbering plans, which costs 3 ms at the first number of a run.
///
/// Takes plain spellings of Kazakh mobile numbers; a test compares every prefix with the library.
fn kazakh_mobile(number: &str, digits: &str, country: &str) -> Option<Phone> {
    let mut chars = number.chars();
    let international = number.starts_with('+');
    if international {
        chars.next();
    }
    if !chars.all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '\u{a0}')) {
        return None;
    }
    let national = match (international, digits.len()) {
        (true, 11) => digits.strip_prefix('7')?,
        (false, 11) if country == "KZ" => digits.strip_prefix(['7', '8'])?,
        (false, 10) if country == "KZ" => digits,
        _ => return None,
    };
    let is_mobile = matches!(
        national.as_bytes(),
        [b'7', b'0', b'0'..=b'2' | b'5'..=b'8', ..]
            | [b'7', b'4', b'7', ..]
            | [b'7', b'6', b'0'..=b'4', ..]
            | [b'7', b'7', b'1' | b'5'..=b'8', ..]
            | [b'7', b'8', b'5', ..]
    );
    is_mobile.then(|| Phone(format!("+7{national}")))
}

fn region(code: &str) -> Option<Region> {
    // The entry for satellite and toll-free numbers of no country has the code 001.
    if code.len() == 2 { Region::try_from(code).ok() } else { None }
}

/// Everything else, by the numbering plans of all countries.
fn from_library(number: &str, country: &str) -> Option<Phone> {
    let parsed = PHONE_NUMBER_UTIL.parse(number, region(country)).ok()?;
    if !PHONE_NUMBER_UTIL.is_valid_number(&parsed) {
        return None;
    }
    Phone::from_e164(&PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::E164))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+...` for a valid number, else the name of the reading.
    fn reading(raw: &str, country: &str) -> String {
        match parse(raw, country) {
            PhoneReading::Valid(phone) => phone.as_str().to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (raw, wanted) in cases {
            assert_eq!(reading(raw, "KZ"), *wanted, "of {raw:?}");
        }
    }

    #[test]
    fn spellings_of_one_kazakh_number() {
        for raw in [
            "7000000001",
            "77000000001",
            "87000000001",
            "+77000000001",
            " +7 700 000 00 01 ",
            "+7 (700) 000-00-01",
            "8 (700) 000-00-01",
            "8-700-000-00-01",
            "8.700.000.00.01",
            "(700) 000 00 01",
            "+7\u{a0}700\u{a0}000\u{a0}00\u{a0}01",
            "＋７７００００００００１",
            "810 7 700 000 00 01",
            "tel:+7-700-000-00-01",
            "тел. 8 700 000 00 01",
            "моб: +7 700 000 0001",
            "+7 700 000 0001 доб. 5",
            "+7 700 000 0001, доб. 5",
            "+7 700 000 0001 вн. 12",
            "+7 700 000 0001 ext. 12",
            "+7 700 000 0001;ext=12",
            "+7 700 000 0001 x5",
            "+7 700 000 0001 #5",
            "7000000001 Айгуль",
            "7000000001 (WhatsApp)",
            "+7 700 000 00 01.",
        ] {
            assert_eq!(reading(raw, "KZ"), "+77000000001", "of {raw:?}");
        }
    }

    #[test]
    fn masks_are_no_numbers() {
        for raw in [
            "+0(000)-000-00-00",
            "+0 (000) 000-00-00",
            "0000000000",
            "00000000000",
            "0",
            "+7(000)-000-00-00",
            "80000000000",
            "+7 700 *** ** 01",
            "7000000*01",
            "**********",
            "+7 700 XXX-XX-01",
            "+7 700 ххх хх 01",
            "700000000X",
            "+7 7X0 000 00 01",
            "+7 700 ### ## 01",
            "+7 700 ••• •• 01",
            "XXXXXXXXXX",
        ] {
            assert_eq!(reading(raw, "KZ"), "Masked", "of {raw:?}");
        }
    }

    #[test]
    fn other_numbers() {
        check(&[
            // Landlines, and a voice-over-IP number.
            ("7172555555", "+77172555555"),
            ("8 (727) 255-55-55", "+77272555555"),
            ("+7 727 255 55 55", "+77272555555"),
            ("7511234567", "+77511234567"),
            // Other countries count when they are written internationally.
            ("+998 90 123 45 67", "+998901234567"),
            ("+996 700 123 456", "+996700123456"),
            ("+49 30 123456", "+4930123456"),
            ("+49 30 123456 доб. 7", "+4930123456"),
            ("+7 912 345-67-89", "+79123456789"),
            ("9123456789", "+79123456789"),
            ("998901234567", "Invalid"),
            // Too short, too long, not in any plan, not a number.
            ("700000001", "Invalid"),
            ("70000000011", "Invalid"),
            ("+7 700 000 00 011", "Invalid"),
            ("7030000001", "Invalid"),
            ("+87000000001", "Invalid"),
            ("1234567890", "Invalid"),
            ("нет", "Invalid"),
            ("7000000001 7010000002", "Invalid"),
            ("", "Missing"),
            ("  \t", "Missing"),
        ]);
        assert_eq!(parse(&"7".repeat(10_000), "KZ"), PhoneReading::Invalid);
        // The country decides about national spellings only.
        assert_eq!(reading("+77000000001", "DE"), "+77000000001");
        assert_eq!(reading("030 123456", "DE"), "+4930123456");
        assert_eq!(reading("7000000001", "ZZ"), "Invalid");
        assert_eq!(reading("90 123 45 67", "UZ"), "+998901234567");
    }

    #[test]
    fn quick_path_and_library_agree_on_every_prefix() {
        for prefix in 0..1000 {
            for suffix in ["0000000", "0000001", "1234567", "9999999"] {
                let national = format!("{prefix:03}{suffix}");
                let quick = kazakh_mobile(&national, &national, "KZ");
                if let Some(quick) = &quick {
                    let slow = from_library(&national, "KZ");
                    assert_eq!(Some(quick.as_str()), slow.as_ref().map(Phone::as_str), "of {national}");
                }
                for (spelling, country) in [
                    (format!("+7{national}"), "KZ"),
                    (format!("+7{national}"), "UZ"),
                    (format!("8{national}"), "KZ"),
                    (format!("7{national}"), "KZ"),
                ] {
                    let digits = ascii_digits(&spelling);
                    let found = kazakh_mobile(&spelling, &digits, country);
                    assert_eq!(found, quick, "of {spelling} in {country}");
                    if found.is_some() {
                        assert_eq!(found, from_library(&spelling, country), "of {spelling} in {country}");
                    }
                }
            }
        }
    }

    #[test]
    fn comparison_with_the_crm() {
        let phone = Phone::from_e164("+77000000001").unwrap();
        for raw in [
            "8 (700) 000-00-01",
            "7000000001",
            "+7 700 000 0001 доб. 5",
            "+7 700 000 0001, доб. 5",
            "+7 701 000 00 02, 8 700 000 00 01",
            "7010000002/7000000001",
            "7000000001\n7010000002",
            "Мама 8 700 000 00 01",
        ] {
            assert!(same(raw, &phone, "KZ"), "{raw:?} is the number");
        }
        for raw in [
            "",
            "7000000002",
            "+7 700 000 00 10",
            "700000001",
            "70000000011",
            "000000001",
            "+7 700 000 00",
            "+1 700 000 0001",
            "+992 70 000 0001",
            "+98 700 000 0001",
            "+7 700 000 ** 01",
            "заказ 700000000, 1",
        ] {
            assert!(!same(raw, &phone, "KZ"), "{raw:?} is another number");
        }
        let foreign = Phone::from_e164("+998901234567").unwrap();
        assert!(same("+998 (90) 123-45-67", &foreign, "KZ"));
        assert!(!same("8901234567", &foreign, "KZ"), "the last ten digits decide nothing");
        assert!(same("90 123-45-67", &foreign, "UZ"));
    }

    #[test]
    fn several_numbers_in_one_field() {
        for (raw, wanted) in [
            ("8 700 000 00 01", vec!["+77000000001"]),
            ("7010000002, 7000000001; 8 701 000 00 02", vec!["+77000000001", "+77010000002"]),
            ("+7 700 000 0001, доб. 5", vec!["+77000000001"]),
            ("нет / 7000000001", vec!["+77000000001"]),
            ("", vec![]),
            (",;/", vec![]),
        ] {
            let phones = all_in(raw, "KZ");
            assert_eq!(phones.iter().map(Phone::as_str).collect::<Vec<_>>(), wanted, "of {raw:?}");
        }
    }

    #[test]
    fn nothing_prints_a_number() {
        let phone = Phone::from_e164("+77000000001").unwrap();
        assert_eq!(format!("{phone:?}"), "+7*******001");
        assert_eq!(format!("{:?}", parse("7000000001", "KZ")), "Valid(+7*******001)");
        assert_eq!(format!("{:?}", Phone::from_e164("+4930123").unwrap()), "+4***123");
    }

    #[test]
    fn stored_numbers_and_search_digits() {
        assert_eq!(Phone::from_e164("+77000000001").unwrap().last10(), "7000000001");
        assert_eq!(Phone::from_e164("+998901234567").unwrap().last10(), "8901234567");
        assert_eq!(Phone::from_e164("+3725123456").unwrap().last10(), "3725123456");
        assert_eq!(Phone::from_e164("+29012345").unwrap().last10(), "29012345");
        for bad in ["", "+", "77000000001", "+7700", "+7700000000a", "+0700000000", "+1234567890123456"] {
            assert!(Phone::from_e164(bad).is_none(), "{bad:?} is no E.164");
        }
        assert!(is_country("KZ") && is_country("UZ") && !is_country("ZZ") && !is_country("001"));
    }
}
