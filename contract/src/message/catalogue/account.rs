//! What the account says to the settings, and what cannot be made in it.

macro_rules! account {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            AccountChanged "account-changed" {
                en: "leads to account {now}, but the leads of connection {connection} are in account {before}",
                ru: "ведёт в аккаунт {now}, а сделки подключения {connection} находятся в аккаунте {before}",
            }
            UseAnotherConnection "use-another-connection" {
                en: "use another connection name for another account",
                ru: "для другого аккаунта используйте другое имя подключения",
            }
            ChooseOneOf "choose-one-of" {
                en: "choose one of: {choice}",
                ru: "выберите из: {choice}",
            }
            PipelineMissing "pipeline-missing" {
                en: "the account has no pipeline {id}",
                ru: "в аккаунте нет воронки {id}",
            }
            PipelineArchived "pipeline-archived" {
                en: "pipeline {pipeline} is in the archive",
                ru: "воронка {pipeline} находится в архиве",
            }
            StageOnlyIncoming "stage-only-incoming" {
                en: "{part}stage {stage} takes only incoming requests, no lead can be made in it",
                ru: "{part}этап {stage} только для неразобранных заявок, сделку в нём создать нельзя",
            }
            StageOfOtherPipeline "stage-of-other-pipeline" {
                en: "{part}stage {stage} belongs to pipeline {other}, not to {pipeline}",
                ru: "{part}этап {stage} относится к воронке {other}, а не {pipeline}",
            }
            StageMissing "stage-missing" {
                en: "{part}pipeline {pipeline} has no stage {id}",
                ru: "{part}в воронке {pipeline} нет этапа {id}",
            }
            LossReasonMissing "loss-reason-missing" {
                en: "the account has no loss reason {id}",
                ru: "в аккаунте нет причины отказа {id}",
            }
            UserMissing "user-missing" {
                en: "the account has no user {id}",
                ru: "в аккаунте нет пользователя {id}",
            }
            UserSwitchedOff "user-switched-off" {
                en: "user {user} is switched off",
                ru: "пользователь {user} отключён",
            }
            UserNotAdministrator "user-not-administrator" {
                en: "its user is no administrator, so rights and users cannot be checked",
                ru: "его пользователь не администратор, поэтому права и пользователи не проверены",
            }
            CheckUserSeesAll "check-user-sees-all" {
                en: "use a token of an administrator, or make sure that this user may see all leads",
                ru: "возьмите токен администратора или убедитесь, что этому пользователю видны все сделки",
            }
            UserSeesSomeLeads "user-sees-some-leads" {
                en: "it belongs to user {user}, who does not see all leads",
                ru: "он принадлежит пользователю {user}, которому видны не все сделки",
            }
            LetUserSeeAll "let-user-see-all" {
                en: "give this user the right to see all leads, or use a token of an administrator",
                ru: "дайте этому пользователю право видеть все сделки или возьмите токен администратора",
            }
            CatalogMissing "catalog-missing" {
                en: "the account has no list {id}",
                ru: "в аккаунте нет списка {id}",
            }
            CatalogOfOtherType "catalog-of-other-type" {
                en: "list {catalog} has type {type}, it holds no products",
                ru: "список {catalog} имеет тип {type}, в нём не товары",
            }
            CatalogLacksField "catalog-lacks-field" {
                en: "list {id} has no field with code {code}",
                ru: "в списке {id} нет поля с кодом {code}",
            }
            AddFieldInAmo "add-field-in-amo" {
                en: "add one in amoCRM",
                ru: "добавьте его в amoCRM",
            }
            FieldMissing "field-missing" {
                en: "the account has no field {id}",
                ru: "в аккаунте нет поля {id}",
            }
            FieldOfOtherType "field-of-other-type" {
                en: "field {field} has type {type}; this needs {types}",
                ru: "поле {field} имеет тип {type}, а нужен {types}",
            }
            FieldOfContacts "field-of-contacts" {
                en: "field {field} belongs to contacts",
                ru: "поле {field} относится к контакту",
            }
            FieldOfLeads "field-of-leads" {
                en: "field {field} belongs to leads",
                ru: "поле {field} относится к сделке",
            }
            AccountNotFound "account-not-found" {
                en: "AMO_SUBDOMAIN: there is no such account",
                ru: "AMO_SUBDOMAIN: такого аккаунта нет",
            }
            AccountNotPaid "account-not-paid" {
                en: "AMO_SUBDOMAIN: the amoCRM account is not paid (402)",
                ru: "AMO_SUBDOMAIN: аккаунт amoCRM не оплачен (402)",
            }
            AmoAddressDenied "amo-address-denied" {
                en: "AMO_BASE_URL: this host does not allow the address of amoCRM ({reason})",
                ru: "AMO_BASE_URL: хост не разрешает обращаться к адресу amoCRM ({reason})",
            }
            CatalogNotSet "catalog-not-set" {
                en: "AMO_CATALOG_ID: is not set",
                ru: "AMO_CATALOG_ID: не задано",
            }
            OnlyAdministrator "only-administrator" {
                en: "only an administrator may do this",
                ru: "это может только администратор",
            }
            UseAdministratorToken "use-administrator-token" {
                en: "use a token of an administrator",
                ru: "возьмите токен администратора",
            }
            PartNotMade "part-not-made" {
                en: "amoCRM did not make {part}: {reason}",
                ru: "amoCRM не создала {part}: {reason}",
            }
            PartInDoubt "part-in-doubt" {
                en: "it is not known whether amoCRM made {part} ({reason}); try again in a few minutes, it is looked for first",
                ru: "неизвестно, создала ли amoCRM {part} ({reason}); повторите через несколько минут, сначала будет проверено",
            }
            EarlierAnswerLost "earlier-answer-lost" {
                en: "an earlier answer was lost",
                ru: "прежний ответ потерян",
            }
            AnswerNamesNothing "answer-names-nothing" {
                en: "an answer that names nothing",
                ru: "в ответе ничего не названо",
            }
        }
    };
}
