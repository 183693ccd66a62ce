//! The store, its keys, and who may write to it.

macro_rules! store {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            StoreFailed "store-failed" {
                en: "key-value store: {detail}",
                ru: "хранилище: {detail}",
            }
            InternalError "internal-error" {
                en: "internal error: {detail}",
                ru: "внутренняя ошибка: {detail}",
            }
            ConnectionLost "connection-lost" {
                en: "another run has taken over this connection",
                ru: "это подключение перехватил другой запуск",
            }
            StoreKeepsNoCounters "store-keeps-no-counters" {
                en: "the key-value store `default` does not keep counters as eight bytes ({key}), so two runs at once could not \
                    be told apart; Redis, DynamoDB and Cosmos DB are such stores: on Spin use `type = \"spin\"`, or the program \
                    kaspi-amocrm with PostgreSQL or MariaDB",
                ru: "хранилище `default` не подходит ({key}): на нём нельзя исключить два запуска сразу (Redis, DynamoDB, Cosmos \
                    DB); в Spin укажите `type = \"spin\"` или используйте программу kaspi-amocrm с PostgreSQL или MariaDB",
            }
            ValueUnreadable "value-unreadable" {
                en: "the value of {key} cannot be read ({kind} error at column {column})",
                ru: "значение {key} не читается (ошибка {kind}, столбец {column})",
            }
            RestoreOrUseOtherVersion "restore-or-use-other-version" {
                en: "restore the database from a backup, or use the version of this program that wrote it",
                ru: "восстановите базу из резервной копии или используйте версию программы, которая его записала",
            }
            ValueDamaged "value-damaged" {
                en: "the value of {key} was changed or moved by something other than this program",
                ru: "значение {key} изменено или перемещено не этой программой",
            }
            RestoreDatabase "restore-database" {
                en: "restore the database from a backup",
                ru: "восстановите базу из резервной копии",
            }
            StoreSealedKeyNotSet "store-sealed-key-not-set" {
                en: "is not set, but the store is sealed with the key {sealed_with}",
                ru: "не задан, но данные зашифрованы ключом {sealed_with}",
            }
            SetThatKeyAgain "set-that-key-again" {
                en: "set that key again",
                ru: "верните этот ключ",
            }
            StoreSealedWithOtherKey "store-sealed-with-other-key" {
                en: "the store is sealed with the key {sealed_with}, what is set is {have}",
                ru: "данные зашифрованы ключом {sealed_with}, а задан {have}",
            }
            SetRightKey "set-right-key" {
                en: "set the right one, add it to SECRET_KEY_ALSO, or put its key file back",
                ru: "укажите прежний ключ, добавьте его в SECRET_KEY_ALSO или верните его файл",
            }
            NoKeyToSealWith "no-key-to-seal-with" {
                en: "SECRET_KEY: is not set: nothing can be sealed",
                ru: "SECRET_KEY: не задан: зашифровать нечем",
            }
            StoreUnreleased "store-unreleased" {
                en: "the key-value store was written by an unreleased version (before 0.2.0) and is left as it is",
                ru: "хранилище записано невыпущенной версией (до 0.2.0) и остаётся как есть",
            }
            StartWithEmptyStore "start-with-empty-store" {
                en: "start with an empty one; existing leads are recognised by their order codes, so none is doubled",
                ru: "начните с пустого; существующие сделки узнаются по номерам заказов, поэтому ни одна не удвоится",
            }
            StoreNewer "store-newer" {
                en: "the key-value store was written by a newer version, from {since} on",
                ru: "хранилище записано более новой версией, не раньше {since}",
            }
            UseNewerVersion "use-newer-version" {
                en: "use that version or a later one",
                ru: "используйте её или более позднюю",
            }
        }
    };
}
