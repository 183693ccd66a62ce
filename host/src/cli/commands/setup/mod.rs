//! `setup`: from nothing to a working connection, in the terminal.

mod person;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use kaspi_amocrm_contract::{Language, Setting, StatusMap, table};

use super::doctor::Spoken;
use crate::{
    base::job::Job,
    base::{
        failure::{Exit, Failure},
        shutdown::Stop,
    },
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::print,
    },
    config::{self, Changes, DEFAULT_CONNECTION, Settings},
    contract::types::{AccountDescription, AccountPart, Examination, Pipeline, Side, SymptomClass},
    diagnostics::finding::Finding,
    i18n::{messages::setup_terminal, words::Words},
    onboarding::{
        choices::{self, Choice, MAKE, Proposed},
        dry_run::{Rehearsal, fate},
        setup, stages,
    },
    service::{Host, RunError},
};
use person::Person;

/// How long the trial run may take.
const REHEARSAL_MAX: Duration = Duration::from_secs(120);
/// How long to wait for a run of the connection to end.
const WAIT: Duration = Duration::from_secs(60);

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Connection (shop and account) to set up
    #[arg(long, value_name = "NAME", default_value = DEFAULT_CONNECTION)]
    connection: String,
    /// Ask in this language; without it the first question is which one
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Spoken>,
}

/// Asks, tries, shows, and writes the settings at the end.
pub(crate) async fn setup(
    settings: Settings,
    plugin: Option<&Path>,
    wanted: Arguments,
) -> Result<Exit, Failure> {
    settings.check_process()?;
    if let Some(finding) = table::CONNECTION.check(&wanted.connection).into_iter().next() {
        return Err(config::SettingsError::from(finding).into());
    }
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let mut person =
        Person::at_the_terminal(wanted.lang.map_or(Language::default(), Into::into), stop.clone());
    if wanted.lang.is_none() {
        let names = ["Русский", "Қазақша", "English"].map(str::to_owned);
        let number = person.choose(&names, None, 1).await?;
        person.language = Language::ALL[number - 1];
    }
    let host = Host::open(settings, plugin).await?;
    Setup { person, host, connection: wanted.connection, changes: Changes::new(), stop }.run().await
}

struct Setup {
    person: Person,
    host: Arc<Host>,
    connection: String,
    /// What was decided so far.
    changes: Changes,
    stop: Stop,
}

impl Setup {
    async fn run(mut self) -> Result<Exit, Failure> {
        self.say(&setup_terminal::WELCOME)?;
        self.kaspi().await?;
        self.account().await?;
        self.access().await?;
        let account = self.description().await?;
        self.heading(setup::Step::Pipeline)?;
        let choice = choices::pipeline(&account, &self.draft(), &self.connection);
        self.choose(choice).await?;
        self.heading(setup::Step::Choices)?;
        for choice in choices::needed(&account, &self.draft(), &self.connection) {
            self.choose(choice).await?;
        }
        self.make().await?;
        self.stages(&account).await?;
        if !self.rehearsal(&account).await? {
            self.say(&setup_terminal::NOT_WRITTEN)?;
            return Ok(Exit::Done);
        }
        self.write().await
    }

    /// The settings as they would be now.
    fn draft(&self) -> Settings {
        self.host.settings().with(&self.connection, &self.changes)
    }

    fn draft_host(&self) -> Arc<Host> {
        self.host.with_settings(self.draft())
    }

    fn say(&self, words: &Words) -> Result<(), Failure> {
        self.person.say(self.person.words(words))
    }

    fn heading(&self, step: setup::Step) -> Result<(), Failure> {
        let steps = setup::Step::ALL;
        let at = steps.iter().position(|one| *one == step).unwrap_or_default() + 1;
        let title = self.person.words(&step.title());
        self.person.say(&format!("\n[{at}/{}] {title}", steps.len()))
    }

    /// Asks for a value until it is one; Enter keeps the present one, where there is one.
    async fn value(&mut self, setting: &'static Setting, question: &Words) -> Result<(), Failure> {
        let present = self.draft().value(&self.connection, setting).map(|(value, _)| value);
        let mut question = self.person.words(question).to_owned();
        if let Some(present) = &present {
            let kept = if setting.secret { self.person.words(&setup_terminal::KEEP) } else { present };
            question = format!("{question} [{kept}]");
        }
        loop {
            let typed = if setting.secret {
                self.person.ask_secret(&question).await?
            } else {
                self.person.ask(&question).await?
            };
            if typed.is_empty() && present.is_some() {
                return Ok(());
            }
            if let Some(value) = setup::pasted(setting, &typed) {
                self.changes.insert(setting.name, value);
                return Ok(());
            }
            let findings = setting.check(&typed);
            let told = findings.first().map(|finding| finding.text(self.person.language));
            self.person
                .say(&told.unwrap_or_else(|| self.person.words(&setup_terminal::NEEDED).to_owned()))?;
        }
    }

    /// Tries one side. Says what is wrong; answers with what was seen where nothing stops.
    async fn tried(&self, side: Side) -> Result<Option<Examination>, Failure> {
        self.say(&setup_terminal::TRYING)?;
        let setup::Tried { seen, stopping } =
            setup::try_side(&self.draft_host(), &self.connection, side, &self.stop).await?;
        if stopping.is_empty() {
            let hints = seen.symptoms.iter().map(Finding::symptom);
            hints
                .filter(|hint| hint.class() == SymptomClass::KaspiPhonesMasked.name())
                .try_for_each(|hint| self.tell(&hint))?;
            return Ok(Some(seen));
        }
        stopping.iter().try_for_each(|finding| self.tell(finding))?;
        Ok(None)
    }

    fn tell(&self, finding: &Finding) -> Result<(), Failure> {
        let language = self.person.language;
        self.person.say(&format!("  ! {}", finding.cause(language)))?;
        self.person.say(&format!("    {}", finding.remedy(language)))
    }

    async fn kaspi(&mut self) -> Result<(), Failure> {
        self.heading(setup::Step::Kaspi)?;
        self.say(&setup_terminal::KASPI)?;
        loop {
            self.value(&table::KASPI_API_TOKEN, &setup_terminal::KASPI_TOKEN).await?;
            if let Some(Examination { kaspi: Some(seen), .. }) = self.tried(Side::Kaspi).await? {
                let text = self
                    .person
                    .words(&setup_terminal::KASPI_WORKS)
                    .replace("{orders}", &seen.orders.to_string());
                return self.person.say(&text);
            }
        }
    }

    async fn account(&mut self) -> Result<(), Failure> {
        self.heading(setup::Step::Account)?;
        if let Some((address, _)) = self.draft().value(&self.connection, &table::AMO_BASE_URL) {
            return self.person.say(&format!("  {address}"));
        }
        let present = self.draft().value(&self.connection, &table::AMO_SUBDOMAIN).map(|(value, _)| value);
        let mut question = self.person.words(&setup_terminal::ACCOUNT).to_owned();
        if let Some(present) = &present {
            question = format!("{question} [{present}]");
        }
        loop {
            let typed = self.person.ask(&question).await?;
            match setup::account(&typed) {
                _ if typed.is_empty() && present.is_some() => return Ok(()),
                Some(account) => {
                    self.changes.insert(table::AMO_SUBDOMAIN.name, account);
                    return Ok(());
                }
                None => self.say(&setup_terminal::NO_ACCOUNT)?,
            }
        }
    }

    async fn access(&mut self) -> Result<(), Failure> {
        self.heading(setup::Step::Access)?;
        loop {
            let is_set = |setting| self.draft().value(&self.connection, setting).is_some();
            let has_integration = is_set(&table::AMO_CLIENT_ID) && !is_set(&table::AMO_LONG_LIVED_TOKEN);
            let ways = [&setup_terminal::LONG_LIVED, &setup_terminal::INTEGRATION]
                .map(|words| self.person.words(words).to_owned());
            let way = self.person.choose(&ways, None, if has_integration { 2 } else { 1 }).await?;
            if way == 1 {
                self.say(&setup_terminal::LONG_LIVED_HOW)?;
                self.value(&table::AMO_LONG_LIVED_TOKEN, &setup_terminal::TOKEN).await?;
            } else if !self.integration().await? {
                continue;
            }
            if let Some(Examination { amocrm: Some(seen), .. }) = self.tried(Side::Amocrm).await? {
                let text =
                    self.person.words(&setup_terminal::AMO_WORKS).replace("{name}", &seen.account.name);
                return self.person.say(&text);
            }
        }
    }

    /// Trades a code for tokens; Enter keeps those that are there. Answers whether there are any.
    async fn integration(&mut self) -> Result<bool, Failure> {
        self.say(&setup_terminal::INTEGRATION_HOW)?;
        self.changes.insert(table::AMO_LONG_LIVED_TOKEN.name, String::new());
        self.value(&table::AMO_CLIENT_ID, &setup_terminal::CLIENT_ID).await?;
        self.value(&table::AMO_CLIENT_SECRET, &setup_terminal::CLIENT_SECRET).await?;
        self.value(&table::AMO_REDIRECT_URI, &setup_terminal::REDIRECT_URI).await?;
        let question = self.person.words(&setup_terminal::CODE);
        let code = self.person.ask_secret(question).await?;
        if code.is_empty() {
            return Ok(true);
        }
        let host = self.draft_host();
        match Box::pin(host.connect_account(&self.connection, &code, WAIT, &self.stop)).await {
            Ok(_) => Ok(true),
            Err(error @ (RunError::Config(_) | RunError::InvalidCall(_) | RunError::Upstream(_))) => {
                self.person.say(&format!("  ! {error}"))?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn description(&self) -> Result<AccountDescription, Failure> {
        Ok(Box::pin(self.draft_host().describe_account(&self.connection, &self.stop)).await?)
    }

    /// One thing out of a list of the account.
    async fn choose(&mut self, choice: Choice) -> Result<(), Failure> {
        self.say(&choice.question)?;
        self.person.say(&format!("  ({})", self.person.words(&choice.hint)))?;
        let mut names: Vec<String> = choice.options.iter().map(|option| option.name.clone()).collect();
        names.extend(choice.make.as_ref().map(|(_, words)| self.person.words(words).to_owned()));
        if names.is_empty() {
            return self.say(&setup_terminal::NOTHING_THERE);
        }
        let at = |id| choice.options.iter().position(|option| option.id == id).map_or(1, |at| at + 1);
        let default = match choice.proposed {
            Proposed::Id(id) => at(id),
            Proposed::Nothing => usize::from(choice.none.is_none()),
            Proposed::Make => names.len(),
        };
        let none = choice.none.as_ref().map(|words| self.person.words(words));
        let number = self.person.choose(&names, none, default).await?;
        let value = match number.checked_sub(1) {
            None => String::new(),
            Some(at) => {
                choice.options.get(at).map_or_else(|| MAKE.to_owned(), |option| option.id.to_string())
            }
        };
        self.changes.insert(choice.setting.name, value);
        Ok(())
    }

    /// Makes in the account what was asked for, and offers what else is missing.
    async fn make(&mut self) -> Result<(), Failure> {
        let mut wanted = Vec::new();
        for (name, part) in [
            (table::AMO_LEAD_ORDER_CODE_FIELD_ID.name, AccountPart::OrderCode),
            (table::AMO_CATALOG_ID.name, AccountPart::Catalog),
        ] {
            if self.changes.get(name).is_some_and(|value| value == MAKE) {
                self.changes.insert(name, String::new());
                wanted.push(part);
            }
        }
        self.prepare(&wanted).await?;
        if self.draft().value(&self.connection, &table::AMO_CATALOG_ID).is_none() {
            return Ok(());
        }
        let Some(examination) = self.tried(Side::Amocrm).await? else { return Ok(()) };
        for (class, part) in
            [(SymptomClass::AmoNoSku, AccountPart::Sku), (SymptomClass::AmoNoPrice, AccountPart::Price)]
        {
            let found =
                examination.symptoms.iter().find(|symptom| symptom.class == class).map(Finding::symptom);
            if let Some(finding) = found {
                self.tell(&finding)?;
                let question = self.person.words(&setup_terminal::MAKE_IT);
                if self.person.agrees(question, true).await? {
                    self.prepare(&[part]).await?;
                }
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, wanted: &[AccountPart]) -> Result<(), Failure> {
        if wanted.is_empty() {
            return Ok(());
        }
        let host = self.draft_host();
        match Box::pin(host.prepare_account(&self.connection, wanted, WAIT, &self.stop)).await {
            Ok(prepared) => {
                for made in prepared.made.iter().chain(&prepared.found) {
                    self.person.say(&format!("  + {}", made.name))?;
                }
                self.changes.extend(setup::named(&prepared.made));
                self.changes.extend(setup::named(&prepared.found));
                Ok(())
            }
            Err(error @ (RunError::Config(_) | RunError::InvalidCall(_) | RunError::Upstream(_))) => {
                self.person.say(&format!("  ! {error}"))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn stages(&mut self, account: &AccountDescription) -> Result<(), Failure> {
        self.heading(setup::Step::Stages)?;
        let draft = self.draft();
        let Some(pipeline) = choices::pipeline_in_force(account, &draft, &self.connection) else {
            return Ok(());
        };
        let present =
            draft.value(&self.connection, &table::STATUS_MAP).map(|(text, _)| text).unwrap_or_default();
        let set = stages::of_map(&StatusMap::parse(&present).unwrap_or_default());
        let known = |id: &i64| pipeline.stages.iter().any(|stage| stage.id == *id);
        // A map of another pipeline is of no use.
        let is_useful = set.iter().flatten().next().is_some() && set.iter().flatten().all(known);
        let mut chosen = if is_useful { set } else { stages::proposed(&pipeline.stages) };
        let rows = stages::rows();
        for (row, id) in rows.iter().zip(&chosen) {
            self.person.say(&format!(
                "  {} → {}",
                self.person.words(&row.title),
                self.stage(pipeline, *id)
            ))?;
        }
        let ways =
            [&setup_terminal::STAGES_USE, &setup_terminal::STAGES_CHANGE, &setup_terminal::STAGES_NONE];
        let ways = ways.map(|words| self.person.words(words).to_owned());
        match self.person.choose(&ways, None, 1).await? {
            1 => {}
            2 => {
                let names: Vec<String> = pipeline.stages.iter().map(|stage| stage.name.clone()).collect();
                for (row, id) in rows.iter().zip(&mut chosen) {
                    self.person.say(self.person.words(&row.title))?;
                    let at = pipeline.stages.iter().position(|stage| Some(stage.id) == *id);
                    let none = Some(self.person.words(&setup_terminal::STAYS));
                    let number = self.person.choose(&names, none, at.map_or(0, |at| at + 1)).await?;
                    *id = number.checked_sub(1).and_then(|at| pipeline.stages.get(at)).map(|stage| stage.id);
                }
            }
            _ => chosen.fill(None),
        }
        self.changes.insert(table::STATUS_MAP.name, stages::map_of(&chosen, &present));
        Ok(())
    }

    fn stage(&self, pipeline: &Pipeline, id: Option<i64>) -> String {
        let name = |id| pipeline.stages.iter().find(|stage| stage.id == id).map(|stage| stage.name.clone());
        id.and_then(name).unwrap_or_else(|| self.person.words(&setup_terminal::STAYS).to_owned())
    }

    /// Shows what would happen; answers whether it shall.
    async fn rehearsal(&mut self, account: &AccountDescription) -> Result<bool, Failure> {
        self.heading(setup::Step::Rehearsal)?;
        self.say(&setup_terminal::REHEARSING)?;
        let day = Changes::from([(table::FIRST_LOOKBACK_DAYS.name, "1".to_owned())]);
        let host = self.host.with_settings(self.draft().with(&self.connection, &day));
        let mut is_well = true;
        match Box::pin(host.dry_run(&self.connection, Job::New, REHEARSAL_MAX, &self.stop)).await {
            Ok(report) => self.show(&Rehearsal::of(&report), account)?,
            Err(error @ (RunError::Config(_) | RunError::InvalidCall(_) | RunError::Upstream(_))) => {
                is_well = false;
                self.person.say(&format!("  ! {error}"))?;
            }
            Err(error) => return Err(error.into()),
        }
        let question = self.person.words(&setup_terminal::SWITCH_ON);
        self.person.agrees(question, is_well).await
    }

    fn show(&self, rehearsal: &Rehearsal, account: &AccountDescription) -> Result<(), Failure> {
        let text =
            self.person.words(&setup_terminal::ORDERS_READ).replace("{orders}", &rehearsal.seen.to_string());
        self.person.say(&format!("  {text}"))?;
        for (action, count) in &rehearsal.counts {
            self.person.say(&format!("  {}: {count}", self.person.words(&fate(*action))))?;
        }
        let stages = account.pipelines.iter().flat_map(|pipeline| &pipeline.stages);
        for order in &rehearsal.examples {
            let stage = stages.clone().find(|stage| Some(stage.id) == order.status_id);
            let stage = stage.map(|stage| format!(" → {}", stage.name)).unwrap_or_default();
            let price = order.price_kzt.map(|price| format!(", {price} ₸")).unwrap_or_default();
            let fate = self.person.words(&fate(order.lead));
            self.person.say(&format!("    {}{price}: {fate}{stage}", order.code))?;
        }
        rehearsal.problems.iter().try_for_each(|(code, text)| self.person.say(&format!("  ! {code} {text}")))
    }

    async fn write(mut self) -> Result<Exit, Failure> {
        let written = self.host.settings().write(Path::new(""), &self.connection, &self.changes);
        let exit = match written {
            Ok(written) => {
                let file = written.file.unwrap_or_else(|| PathBuf::from(config::DOTENV_FILE));
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let text = self.person.words(&setup_terminal::WRITTEN).replace("{file}", &name);
                self.person.say(&format!("\n{text}"))?;
                if !written.overridden.is_empty() {
                    let names = written.overridden.join(", ");
                    self.person
                        .say(&self.person.words(&setup_terminal::OVERRIDDEN).replace("{names}", &names))?;
                }
                // Settings that work count more than the note about them.
                let noted = self.host.store().note_act("terminal", "setup", &self.connection);
                if let Err(error) = noted.await {
                    tracing::warn!("the setup was not noted: {error}");
                }
                Exit::Done
            }
            Err(finding) => {
                self.person.say(&format!("\n! {}: {}", finding.name, finding.text(self.person.language)))?;
                let question = self.person.words(&setup_terminal::SHOW_LINES);
                if self.person.agrees(question, false).await? {
                    config::lines(&self.connection, &self.changes).iter().try_for_each(|line| print(line))?;
                }
                Exit::Config
            }
        };
        self.say(&setup_terminal::NEXT)?;
        Ok(exit)
    }
}
