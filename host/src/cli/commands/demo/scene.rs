//! The simulated shop and CRM of the demo, and what is read out of them.

use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kaspi_amocrm_simulator::{
    World,
    amo::{Lead, account},
    demo::{demo_world, next_demo_order},
    kaspi::SimOrder,
    oracle::{self, Scope, Stages},
    serve::{Server, serve},
};

use crate::{base::clock::now_ms, cli::support::table::masked, config::Settings};

/// Both simulators, listening.
pub(crate) struct Scene {
    world: Arc<Mutex<World>>,
    kaspi: Server,
    amo: Server,
    old_contacts: BTreeSet<u64>,
    /// Orders whose leads a salesperson has moved.
    moved: Mutex<BTreeSet<String>>,
}

/// The stages of the demo's pipeline, as in `STATUS_MAP`.
const STAGES: [(&str, u64); 3] = [
    ("KASPI_DELIVERY", account::STATUS_DELIVERY_ID),
    ("ARCHIVE/COMPLETED", account::STATUS_WON_ID),
    ("ARCHIVE/CANCELLED", account::STATUS_LOST_ID),
];

/// How many orders changed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Day {
    pub(crate) completed: usize,
    pub(crate) cancelled: usize,
    pub(crate) changed: usize,
}

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) orders: usize,
    pub(crate) leads: usize,
    pub(crate) contacts: usize,
    pub(crate) products: usize,
    pub(crate) notes: usize,
    pub(crate) kaspi_requests: usize,
    pub(crate) amo_requests: usize,
    pub(crate) amo_writes: usize,
}

/// What became of one order.
pub(crate) struct Row {
    pub(crate) code: String,
    pub(crate) buyer: String,
    pub(crate) leads: Vec<u64>,
    pub(crate) contact: Option<u64>,
    pub(crate) products: usize,
    pub(crate) pieces: f64,
    pub(crate) state: &'static str,
}

impl Scene {
    /// Starts both simulators on free loopback ports.
    pub(crate) async fn start() -> io::Result<Self> {
        let world = demo_world(now_ms());
        let old_contacts = world.amo.contacts().iter().map(|contact| contact.id).collect();
        let world = Arc::new(Mutex::new(world));
        let (kaspi, amo) = (serve(world.clone(), 0).await?, serve(world.clone(), 0).await?);
        Ok(Self { world, kaspi, amo, old_contacts, moved: Mutex::default() })
    }

    pub(crate) fn kaspi_url(&self) -> String {
        self.kaspi.base_url()
    }

    pub(crate) fn amo_url(&self) -> String {
        self.amo.base_url()
    }

    /// What a user would write into `.env`.
    pub(crate) fn settings(&self, database: &Path) -> Settings {
        let world = self.world();
        let id = |id: u64| id.to_string();
        Settings::from_pairs([
            ("KASPI_API_BASE", self.kaspi.kaspi_base_url()),
            ("KASPI_API_TOKEN", world.kaspi.options.token.clone()),
            ("AMO_BASE_URL", self.amo.base_url()),
            ("AMO_ACCESS_TOKEN", world.amo.options.token.clone()),
            ("AMO_PIPELINE_ID", id(account::PIPELINE_ID)),
            ("AMO_STATUS_ID", id(account::STATUS_NEW_ID)),
            ("AMO_RESPONSIBLE_USER_ID", id(account::MANAGER_ID)),
            ("AMO_CATALOG_ID", id(account::CATALOG_ID)),
            ("AMO_LEAD_ORDER_CODE_FIELD_ID", id(account::LEAD_ORDER_CODE_FIELD_ID)),
            ("AMO_CONTACT_ADDRESS_FIELD_ID", id(account::CONTACT_ADDRESS_FIELD_ID)),
            ("AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID", id(account::LEAD_ADDRESS_FIELD_ID)),
            ("AMO_LEAD_ORDER_DATE_FIELD_ID", id(account::LEAD_ORDER_DATE_FIELD_ID)),
            ("STATUS_MAP", STAGES.map(|(key, id)| format!("{key}={id}")).join(",")),
            ("AMO_LOSS_REASON_ID", id(account::LOSS_REASON_CANCELLED_ID)),
            ("DATABASE_URL", format!("sqlite://{}", database.display())),
        ])
    }

    /// How many different people bought.
    pub(crate) fn buyers(&self) -> usize {
        let world = self.world();
        let buyers: BTreeSet<_> = world
            .kaspi
            .orders()
            .iter()
            .map(|order| (order.buyer.first_name.as_deref(), order.buyer.last_name.as_deref()))
            .collect();
        buyers.len()
    }

    pub(crate) fn is_old_contact(&self, contact: u64) -> bool {
        self.old_contacts.contains(&contact)
    }

    pub(crate) fn counts(&self) -> Counts {
        let world = self.world();
        Counts {
            orders: world.kaspi.orders().len(),
            leads: world.amo.leads().len(),
            contacts: world.amo.contacts().len(),
            products: world.amo.elements().len(),
            notes: world.amo.notes().len(),
            kaspi_requests: world.kaspi.requests().len(),
            amo_requests: world.amo.requests().len(),
            amo_writes: world.amo.requests().iter().filter(|request| request.method != "GET").count(),
        }
    }

    /// Most requests that the CRM saw within one second.
    pub(crate) fn amo_requests_in_a_second_max(&self) -> usize {
        oracle::requests_per_second_max(self.world().amo.requests())
    }

    /// What became of each order, as the CRM has it, oldest first.
    pub(crate) fn results(&self) -> Vec<Row> {
        let world = self.world();
        let mut orders: Vec<&SimOrder> = world.kaspi.orders().iter().collect();
        orders.sort_by_key(|order| order.created_ms);
        orders.into_iter().map(|order| row(&world, order)).collect()
    }

    /// What is not as it should be, by the simulator's own judge.
    pub(crate) fn faults(&self) -> Vec<String> {
        let by_key = STAGES.iter().map(|(key, id)| ((*key).to_owned(), *id)).collect();
        let touched = self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stages = Some(Stages { by_key, default: None });
        oracle::check(&self.world(), &Scope { stages, touched, ..Scope::at(now_ms()) })
    }

    /// What a day brings: orders are completed and cancelled, lines are dropped, and a salesperson moves a lead.
    pub(crate) fn let_a_day_go_by(&self) -> Day {
        let now_ms = now_ms();
        let mut world = self.world();
        let mut day = Day::default();
        let codes: Vec<String> = world.kaspi.orders().iter().map(|order| order.code.clone()).collect();
        for (place, code) in codes.iter().enumerate() {
            let Some(order) = world.kaspi.order_mut(code) else { continue };
            match place % 8 {
                0 | 4 => {
                    *order = order.clone().later(now_ms, "ARCHIVE", "COMPLETED");
                    day.completed += 1;
                }
                2 => {
                    *order = order.clone().cancelled(now_ms, "BUYER_CANCELLATION_HIMSELF");
                    day.cancelled += 1;
                }
                6 if order.lines.len() > 1 => {
                    order.lines.pop();
                    day.changed += 1;
                }
                _ => {}
            }
        }
        let code = &codes[1];
        let id = world.amo.leads().iter().find(|lead| is_of(lead, code)).map(|lead| lead.id);
        if let Some(lead) = id.and_then(|id| world.amo.lead_mut(id)) {
            lead.status_id = account::STATUS_PACKING_ID;
            lead.updated_at = now_ms / 1_000;
            self.moved.lock().unwrap_or_else(PoisonError::into_inner).insert(code.clone());
        }
        day
    }

    /// A further order, by its number from 0; answers with its code.
    pub(crate) fn add_order(&self, number: u64) -> String {
        let order = next_demo_order(number, now_ms());
        let code = order.code.clone();
        self.world().kaspi.add_order(order);
        code
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row(world: &World, order: &SimOrder) -> Row {
    let leads: Vec<&Lead> = world.amo.leads().iter().filter(|lead| is_of(lead, &order.code)).collect();
    let first = leads.first();
    let links = || world.amo.links().iter().filter(|link| first.is_some_and(|lead| lead.id == link.lead_id));
    let contact =
        first.and_then(|lead| lead.contacts.iter().find(|(_, is_main)| *is_main)).map(|(id, _)| *id);
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    Row {
        code: order.code.clone(),
        buyer: masked(&name(&order.buyer.first_name), &name(&order.buyer.last_name)),
        leads: leads.iter().map(|lead| lead.id).collect(),
        contact,
        products: links().count(),
        pieces: links().map(|link| link.quantity).sum(),
        state: match first {
            None => "missing",
            Some(lead) if lead.made_by_api => "created",
            Some(_) => "adopted",
        },
    }
}

/// By the field for the order code, or by the code as a word of the name.
fn is_of(lead: &Lead, code: &str) -> bool {
    let in_field = lead
        .fields
        .get(&account::LEAD_ORDER_CODE_FIELD_ID)
        .is_some_and(|values| values.iter().any(|value| value.value.as_str() == Some(code)));
    in_field || lead.name.split(|c: char| !c.is_alphanumeric()).any(|word| word == code)
}
