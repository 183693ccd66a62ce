//! What is wrong with the places that settings come from: the environment and the two files.

macro_rules! files {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            NotUtf8 "not-utf8" {
                en: "cannot be read: it is no UTF-8 text",
                ru: "не читается: это не текст в UTF-8",
            }
            SaveAsUtf8 "save-as-utf8" {
                en: "save it again with the encoding UTF-8",
                ru: "сохраните его заново в кодировке UTF-8",
            }
            SetInEnvironment "set-in-environment" {
                en: "set it again in the environment",
                ru: "задайте её в окружении заново",
            }
            FileNotReadable "file-not-readable" {
                en: "cannot be read: {detail}",
                ru: "не читается: {detail}",
            }
            LetFileBeRead "let-file-be-read" {
                en: "make it a file that the user of this program may read",
                ru: "сделайте его файлом, доступным для чтения этой программе",
            }
            FileNotWritable "file-not-writable" {
                en: "cannot be written: {detail}",
                ru: "не удалось записать: {detail}",
            }
            LetFileBeWritten "let-file-be-written" {
                en: "let this program write into its folder, or write the settings by hand",
                ru: "разрешите программе запись в её папку или внесите настройки вручную",
            }
            FileNotChangeable "file-not-changeable" {
                en: "is written in a way that this program does not change",
                ru: "записан так, что программа его не меняет",
            }
            WriteByHand "write-by-hand" {
                en: "write the settings by hand",
                ru: "внесите настройки вручную",
            }
            DotenvNoAssignment "dotenv-no-assignment" {
                en: "is not NAME=value",
                ru: "не похоже на ИМЯ=значение",
            }
            DotenvNameUnusable "dotenv-name-unusable" {
                en: "has a name with other signs than letters, digits and _",
                ru: "содержит имя не только из латинских букв, цифр и _",
            }
            DotenvQuoteOpen "dotenv-quote-open" {
                en: "has a quote that never closes",
                ru: "содержит незакрытую кавычку",
            }
            DotenvTextAfterQuote "dotenv-text-after-quote" {
                en: "has text after the closing quote",
                ru: "содержит текст после закрывающей кавычки",
            }
            WriteDotenvLine "write-dotenv-line" {
                en: "write NAME=value; a value with # or spaces at its ends goes into quotes",
                ru: "пишите ИМЯ=значение; значение с # или пробелами по краям берите в кавычки",
            }
            TomlInvalid "toml-invalid" {
                en: "is not valid TOML: {detail}",
                ru: "ошибка TOML: {detail}",
            }
            WriteTomlLine "write-toml-line" {
                en: "write name = \"value\"",
                ru: "пишите имя = \"значение\"",
            }
            TomlNoTable "toml-no-table" {
                en: "is no table",
                ru: "не является таблицей",
            }
            WriteTomlTable "write-toml-table" {
                en: "write [{key}]",
                ru: "пишите [{key}]",
            }
            TomlValueUnusable "toml-value-unusable" {
                en: "is neither text nor a number",
                ru: "не текст и не число",
            }
            WriteTomlValue "write-toml-value" {
                en: "write text, a number, true or false",
                ru: "укажите текст, число, true или false",
            }
            SettingOfProcess "setting-of-process" {
                en: "belongs to the whole process",
                ru: "относится ко всей программе",
            }
            MoveToTop "move-to-top" {
                en: "move it to the top of the file, above the first [",
                ru: "перенесите в начало файла, выше первой [",
            }
            SettingUnknown "setting-unknown" {
                en: "is no setting",
                ru: "нет такой настройки",
            }
            SettingMeant "setting-meant" {
                en: "perhaps {name} is meant",
                ru: "возможно, имелось в виду {name}",
            }
            RemoveUnknownSetting "remove-unknown-setting" {
                en: "remove it; docs/configuration.md names all settings",
                ru: "удалите её; все настройки названы в docs/configuration.md",
            }
            ConnectionUnknown "connection-unknown" {
                en: "there is no such connection",
                ru: "нет такого подключения",
            }
            ChooseConnection "choose-connection" {
                en: "choose one of {names}, or describe it in {file} as [connections.{name}]",
                ru: "выберите из {names} или опишите его в {file} как [connections.{name}]",
            }
            AddressRefused "address-refused" {
                en: "{detail}",
                ru: "не годится как адрес: {detail}",
            }
            WriteHttpsHost "write-https-host" {
                en: "write https://host",
                ru: "укажите https://хост",
            }
        }
    };
}
