//! What can be wrong where the program runs.

use super::definition::Class;
use crate::i18n::words::Words;

/// For what only a newer component knows.
pub(super) const UNKNOWN: Class = Class::warning(
    "unknown",
    Words::new(
        "the component found something that this program has no words for",
        "компонент нашёл то, для чего у программы нет описания",
        "компонент бағдарламада сипаттамасы жоқ нәрсені тапты",
    ),
    Words::new(
        "update the program: it is older than its component",
        "обновите программу: она старше своего компонента",
        "бағдарламаны жаңартыңыз: ол компонентінен ескірек",
    ),
);

pub(super) const CLASSES: &[Class] = &[
    Class::error(
        "setting_wrong",
        Words::new("{text}", "{text}", "{text}"),
        Words::new(
            "correct it in the environment, in .env or in kaspi-amocrm.toml",
            "исправьте в окружении, в .env или в kaspi-amocrm.toml",
            "ортада, .env немесе kaspi-amocrm.toml ішінде түзетіңіз",
        ),
    ),
    Class::warning(
        "setting_doubtful",
        Words::new("{text}", "{text}", "{text}"),
        Words::new(
            "have a look at it; it stops nothing",
            "посмотрите; работе это не мешает",
            "қарап шығыңыз; жұмысқа кедергі емес",
        ),
    ),
    Class::warning(
        "setting_overridden",
        Words::new(
            "the environment of the program sets {names} to something else, and it counts more",
            "в окружении программы задано другое значение {names}, и оно важнее",
            "бағдарлама ортасында {names} басқаша берілген, ол маңыздырақ",
        ),
        Words::new(
            "change it there or remove it there, then start the program anew",
            "измените или уберите её там и перезапустите программу",
            "оны сонда өзгертіңіз немесе алып тастаңыз да, бағдарламаны қайта іске қосыңыз",
        ),
    ),
    Class::hint(
        "database_new",
        Words::new("there is no database yet", "базы данных ещё нет", "дерекқор әлі жоқ"),
        Words::new(
            "nothing to do: the first run makes it",
            "делать ничего не нужно: её создаст первый запуск",
            "ештеңе істеудің қажеті жоқ: оны бірінші іске қосу жасайды",
        ),
    ),
    Class::upstream(
        "database_unreachable",
        Words::new("{text}", "{text}", "{text}"),
        Words::new(
            "start the database server or correct DATABASE_URL; nothing is lost",
            "запустите сервер базы данных или исправьте DATABASE_URL; ничего не потеряно",
            "дерекқор серверін іске қосыңыз немесе DATABASE_URL мәнін түзетіңіз; ештеңе жоғалмайды",
        ),
    ),
    Class::error(
        "database_unusable",
        Words::new("{text}", "{text}", "{text}"),
        Words::new(
            "correct DATABASE_URL or the rights of this program in the database",
            "исправьте DATABASE_URL или права программы в базе данных",
            "DATABASE_URL мәнін немесе бағдарламаның дерекқордағы құқықтарын түзетіңіз",
        ),
    ),
    Class::error(
        "schema_old",
        Words::new(
            "the database is older than the program",
            "база данных старее программы",
            "дерекқор бағдарламадан ескі",
        ),
        Words::new(
            "bring it up to date: kaspi-amocrm migrate",
            "обновите её: kaspi-amocrm migrate",
            "оны жаңартыңыз: kaspi-amocrm migrate",
        ),
    ),
    Class::error(
        "schema_newer",
        Words::new(
            "the database is newer than the program",
            "база данных новее программы",
            "дерекқор бағдарламадан жаңа",
        ),
        Words::new("update the program", "обновите программу", "бағдарламаны жаңартыңыз"),
    ),
    Class::error(
        "schema_foreign",
        Words::new(
            "the database was made by an unreleased version, before 0.2.0, or by another program",
            "база данных создана невыпущенной версией, до 0.2.0, или другой программой",
            "дерекқорды шығарылмаған нұсқа (0.2.0-ге дейінгі) немесе басқа бағдарлама жасаған",
        ),
        Words::new(
            "move it away, or name an empty database in DATABASE_URL; leads that are there are recognised",
            "уберите её или укажите в DATABASE_URL пустую базу; существующие сделки будут узнаны",
            "оны басқа жерге қойыңыз немесе DATABASE_URL мәнінде бос дерекқорды көрсетіңіз; бар мәмілелер танылады",
        ),
    ),
    Class::error(
        "database_damaged",
        Words::new(
            "the database file is damaged",
            "файл базы данных повреждён",
            "дерекқор файлы зақымдалған",
        ),
        Words::new(
            "stop the program and put back a copy; leads that are there are recognised",
            "остановите программу и верните файл из копии; существующие сделки будут узнаны",
            "бағдарламаны тоқтатып, файлды көшірмеден қайтарыңыз; бар мәмілелер танылады",
        ),
    ),
    Class::error(
        "folder_not_writable",
        Words::new(
            "the program cannot write into {folder}",
            "программа не может писать в {folder}",
            "бағдарлама {folder} ішіне жаза алмайды",
        ),
        Words::new(
            "give the user of the program the right to write there",
            "дайте пользователю программы право записи туда",
            "бағдарлама пайдаланушысына сонда жазу құқығын беріңіз",
        ),
    ),
    Class::error(
        "disk_full",
        Words::new(
            "only {free_mb} MB are free on the disk of the database",
            "на диске с базой данных осталось {free_mb} МБ",
            "дерекқор дискісінде {free_mb} МБ ғана қалды",
        ),
        Words::new("make room", "освободите место", "орын босатыңыз"),
    ),
    Class::warning(
        "disk_low",
        Words::new(
            "{free_mb} MB are left on the disk of the database",
            "на диске с базой данных осталось всего {free_mb} МБ",
            "дерекқор дискісінде небәрі {free_mb} МБ қалды",
        ),
        Words::new("make room soon", "скоро освободите место", "жақында орын босатыңыз"),
    ),
    Class::error(
        "key_missing",
        Words::new("{text}", "{text}", "{text}"),
        Words::new(
            "set SECRET_KEY, or put the key file back from a copy",
            "задайте SECRET_KEY или верните файл ключа из копии",
            "SECRET_KEY мәнін енгізіңіз немесе кілт файлын көшірмеден қайтарыңыз",
        ),
    ),
    Class::error(
        "key_wrong",
        Words::new(
            "the key does not open what is in the database",
            "ключ не открывает то, что хранится в базе данных",
            "кілт дерекқордағы деректерді ашпайды",
        ),
        Words::new(
            "set SECRET_KEY, or the key file, to the one that the database was made with",
            "верните SECRET_KEY или файл ключа, с которым база создавалась",
            "дерекқор жасалған кездегі SECRET_KEY мәнін немесе кілт файлын қайтарыңыз",
        ),
    ),
    Class::warning(
        "file_open_to_others",
        Words::new(
            "other users of this machine can read {file}, and it holds secrets",
            "другие пользователи машины могут прочитать {file}, а в нём секреты",
            "компьютердің басқа пайдаланушылары {file} файлын оқи алады, ал онда құпиялар бар",
        ),
        Words::new(
            "make it private: chmod 600 {file}",
            "закройте доступ: chmod 600 {file}",
            "қолжетімділікті жабыңыз: chmod 600 {file}",
        ),
    ),
    Class::error(
        "clock_skew",
        Words::new(
            "the clock of this machine differs from that of {side} by {seconds} seconds",
            "часы этой машины расходятся с часами {side} на {seconds} с",
            "бұл компьютердің сағаты {side} сағатынан {seconds} секундқа алшақ",
        ),
        Words::new(
            "switch on the automatic time of the machine",
            "включите на машине автоматическую установку времени",
            "компьютерде уақытты автоматты орнатуды қосыңыз",
        ),
    ),
    Class::error(
        "check_failed",
        Words::new(
            "the check itself failed: {text}",
            "сама проверка не удалась: {text}",
            "тексерудің өзі сәтсіз аяқталды: {text}",
        ),
        Words::new(
            "try again; if it happens again, report it",
            "повторите; если повторится, сообщите об этом",
            "қайталап көріңіз; қайталанса, хабарлаңыз",
        ),
    ),
    UNKNOWN,
];
