//! What is wrong with a value of a setting, what is missing, and what to do about it.

macro_rules! settings {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            SettingWrong "setting-wrong" {
                en: "{name}: {problem}; {hint}",
                ru: "{name}: {problem}; {hint}",
            }
            Verbatim "verbatim" {
                en: "{text}",
                ru: "{text}",
            }
            Or "or" {
                en: "{first} or {rest}",
                ru: "{first} или {rest}",
            }
            SettingNotSet "setting-not-set" {
                en: "is not set",
                ru: "не задано",
            }
            SettingNotReadable "setting-not-readable" {
                en: "cannot be read ({detail})",
                ru: "не удалось прочитать ({detail})",
            }
            CheckHostSettings "check-host-settings" {
                en: "check the settings that the host gives",
                ru: "проверьте настройки, которые передаёт хост",
            }
            AddressUnusable "address-unusable" {
                en: "is no usable address",
                ru: "не годится как адрес",
            }
            WriteAddress "write-address" {
                en: "write https://host or https://host/path, without a question mark, name or password",
                ru: "укажите https://хост или https://хост/путь, без вопросительного знака, имени и пароля",
            }
            ProxyUnusable "proxy-unusable" {
                en: "is no usable proxy",
                ru: "не годится как прокси",
            }
            WriteProxy "write-proxy" {
                en: "write http://host:port, without name or password; the request inside is encrypted all the same",
                ru: "укажите http://хост:порт, без имени и пароля; сам запрос внутри всё равно зашифрован",
            }
            CopyRedirectAddress "copy-redirect-address" {
                en: "copy the redirect address from your integration in amoCRM, exactly as it stands there",
                ru: "скопируйте адрес перенаправления из своей интеграции в amoCRM, точно как он там записан",
            }
            HeaderUnusable "header-unusable" {
                en: "holds spaces or characters that no header may hold",
                ru: "содержит пробелы или символы, недопустимые в заголовке",
            }
            CopyWithoutQuotes "copy-without-quotes" {
                en: "copy it again, without quotes",
                ru: "скопируйте значение заново, без кавычек",
            }
            AccountNameUnusable "account-name-unusable" {
                en: "{value} is no account of amoCRM",
                ru: "{value} не похоже на аккаунт amoCRM",
            }
            WriteAccountName "write-account-name" {
                en: "write acme, acme.amocrm.ru or acme.kommo.com",
                ru: "укажите acme, acme.amocrm.ru или acme.kommo.com",
            }
            IdUnusable "id-unusable" {
                en: "{value} is no id",
                ru: "{value} не id",
            }
            TakeIdFromAmo "take-id-from-amo" {
                en: "take the number from amoCRM, or leave it empty",
                ru: "возьмите число из amoCRM или оставьте пустым",
            }
            MomentUnusable "moment-unusable" {
                en: "{value} is no time",
                ru: "{value} не похоже на время",
            }
            WriteMoment "write-moment" {
                en: "write seconds since 1970, or leave it empty",
                ru: "укажите секунды с 1970 года или оставьте пустым",
            }
            NumberOutOfRange "number-out-of-range" {
                en: "{value} is not possible",
                ru: "{value} недопустимо",
            }
            WriteNumberOrDefault "write-number-or-default" {
                en: "write a whole number from {min} to {max}, or leave it out for {default}",
                ru: "укажите целое число от {min} до {max} или уберите: будет {default}",
            }
            WriteNumberOrNothing "write-number-or-nothing" {
                en: "write a whole number from {min} to {max}, or leave it out",
                ru: "укажите целое число от {min} до {max} или уберите",
            }
            YesNoUnusable "yes-no-unusable" {
                en: "{value} is neither yes nor no",
                ru: "{value} не похоже на yes или no",
            }
            WriteYesNo "write-yes-no" {
                en: "write yes or no",
                ru: "укажите yes или no",
            }
            WordNotOffered "word-not-offered" {
                en: "{value} is not offered",
                ru: "{value} не поддерживается",
            }
            WriteWord "write-word" {
                en: "write {words}",
                ru: "укажите {words}",
            }
            CountryUnknown "country-unknown" {
                en: "{value} is no country",
                ru: "{value} не код страны",
            }
            WriteCountry "write-country" {
                en: "write two letters, for example KZ",
                ru: "укажите две буквы, например KZ",
            }
            NameUnusable "name-unusable" {
                en: "is no usable name",
                ru: "не годится как имя",
            }
            WriteName "write-name" {
                en: "use up to {max} Latin letters, digits, - and _",
                ru: "используйте до {max} латинских букв, цифр, - и _",
            }
            PathUnusable "path-unusable" {
                en: "is no usable path",
                ru: "не годится как путь",
            }
            WritePath "write-path" {
                en: "write it as in the address, for example /kaspi-amocrm",
                ru: "укажите как в адресе, например /kaspi-amocrm",
            }
            DatabaseUnusable "database-unusable" {
                en: "names no database",
                ru: "не указывает на базу данных",
            }
            WriteDatabase "write-database" {
                en: "write sqlite:///folder/file.sqlite, postgres://user:password@host/name or \
                    mysql://user:password@host/name",
                ru: "укажите sqlite:///папка/файл.sqlite, postgres://пользователь:пароль@хост/имя или \
                    mysql://пользователь:пароль@хост/имя",
            }
            WriteDatabaseName "write-database-name" {
                en: "write the name of the database, or remove the other DB_ settings to use a file",
                ru: "укажите имя базы данных или уберите остальные настройки DB_, чтобы использовать файл",
            }
            KeyUnusable "key-unusable" {
                en: "is no key",
                ru: "не является ключом",
            }
            WriteKey "write-key" {
                en: "write 32 random bytes in base64: openssl rand -base64 32",
                ru: "укажите 32 случайных байта в base64: openssl rand -base64 32",
            }
            ServerNeedsKey "server-needs-key" {
                en: "a database server needs it, keep a copy of it: 32 random bytes in base64: openssl rand -base64 32",
                ru: "с сервером баз данных он обязателен, сохраните копию: 32 случайных байта в base64: openssl rand -base64 32",
            }
            KeysUnusable "keys-unusable" {
                en: "holds something that is no key",
                ru: "содержит не только ключи",
            }
            WriteKeys "write-keys" {
                en: "write earlier or later values of SECRET_KEY, separated by commas",
                ru: "укажите прежние или будущие значения SECRET_KEY через запятую",
            }
            KeyRepeated "key-repeated" {
                en: "names the key that SECRET_KEY is already",
                ru: "повторяет ключ, который уже задан в SECRET_KEY",
            }
            WriteEarlierKey "write-earlier-key" {
                en: "write the earlier key here and the new one as SECRET_KEY, or remove it",
                ru: "укажите здесь прежний ключ, а новый в SECRET_KEY, или уберите эту настройку",
            }
            SecretWeak "secret-weak" {
                en: "is shorter than {min} characters or a placeholder",
                ru: "короче {min} символов или взят из примера",
            }
            WriteSecret "write-secret" {
                en: "write a long random one: openssl rand -hex 24",
                ru: "задайте длинный случайный: openssl rand -hex 24",
            }
            LeadNameLacksCode "lead-name-lacks-code" {
                en: "does not hold {{code}}",
                ru: "не содержит {{code}}",
            }
            LeadNameGluesCode "lead-name-glues-code" {
                en: "has {{code}} glued to other text",
                ru: "содержит {{code}}, слитый с другим текстом",
            }
            LeadNameHasOtherBraces "lead-name-has-other-braces" {
                en: "holds braces other than {{code}} and {{buyer}}",
                ru: "содержит скобки кроме {{code}} и {{buyer}}",
            }
            LeadNameTooLong "lead-name-too-long" {
                en: "is longer than {max} characters or not one line",
                ru: "длиннее {max} символов или занимает не одну строку",
            }
            WriteLeadName "write-lead-name" {
                en: "write for example \"Kaspi {{code}}\" or \"{{buyer}}, {{code}}\", up to {max} characters",
                ru: "укажите, например, «Kaspi {{code}}» или «{{buyer}}, {{code}}», до {max} символов",
            }
            StageEntryRepeated "stage-entry-repeated" {
                en: "{key} is named twice",
                ru: "{key} указан дважды",
            }
            LeaveOneOfThem "leave-one-of-them" {
                en: "leave one of them",
                ru: "оставьте один",
            }
            StageEntryWithoutSign "stage-entry-without-sign" {
                en: "{entry} has no \"=\"",
                ru: "в {entry} нет «=»",
            }
            WriteStageEntry "write-stage-entry" {
                en: "write STATE=id, for example NEW=102",
                ru: "пишите СОСТОЯНИЕ=id, например NEW=102",
            }
            StageIdUnusable "stage-id-unusable" {
                en: "{value} for {key} is no status id",
                ru: "{value} для {key} не является id статуса",
            }
            TakeStageIdFromAmo "take-stage-id-from-amo" {
                en: "take the number from the pipeline of amoCRM",
                ru: "возьмите число из воронки amoCRM",
            }
            StateUnknown "state-unknown" {
                en: "{state} is no state of Kaspi",
                ru: "{state} не является состоянием Kaspi",
            }
            WriteState "write-state" {
                en: "use one of {states}",
                ru: "допустимы {states}",
            }
            StatusUnusable "status-unusable" {
                en: "{detail} after {state}/ is neither a status nor a stage",
                ru: "{detail} после {state}/ не статус и не этап",
            }
            WriteStatus "write-status" {
                en: "use a status such as COMPLETED or, after KASPI_DELIVERY/, one of {stages}",
                ru: "укажите статус, например COMPLETED, а после KASPI_DELIVERY/ также {stages}",
            }
            CreateKaspiToken "create-kaspi-token" {
                en: "create it in the Kaspi merchant cabinet: Settings, API token",
                ru: "создайте его в кабинете продавца Kaspi: Настройки, Токен API",
            }
            WriteSubdomain "write-subdomain" {
                en: "write the first part of your account's address: acme for https://acme.amocrm.ru",
                ru: "укажите начало адреса вашего аккаунта: acme для https://acme.amocrm.ru",
            }
            TakeIntegrationKeys "take-integration-keys" {
                en: "take it from the keys of your integration in amoCRM, or set AMO_LONG_LIVED_TOKEN instead",
                ru: "возьмите из ключей своей интеграции в amoCRM или задайте вместо этого AMO_LONG_LIVED_TOKEN",
            }
            CreateLongLivedToken "create-long-lived-token" {
                en: "create a long-lived token in the keys of your integration in amoCRM",
                ru: "создайте долгосрочный токен в ключах своей интеграции в amoCRM",
            }
            PairEndsSoon "pair-ends-soon" {
                en: "ends after 24 hours and cannot be renewed without {lacking}",
                ru: "действует 24 часа и не может быть обновлён без {lacking}",
            }
            SetThemToo "set-them-too" {
                en: "set them too, or use AMO_LONG_LIVED_TOKEN",
                ru: "задайте и их или используйте AMO_LONG_LIVED_TOKEN",
            }
        }
    };
}
