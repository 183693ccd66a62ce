//! Orders as a test writes them down.

/// The buyer, as Kaspi would send it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buyer {
    /// First name.
    pub first_name: Option<String>,
    /// Last name, often one letter.
    pub last_name: Option<String>,
    /// `cellPhone` as it stands in the answer: usually ten digits from 7 on.
    pub phone: Option<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct SimLine {
    /// Article of the seller; `None` leaves `offer.code` out.
    pub sku: Option<String>,
    /// Name as in the seller's feed.
    pub name: String,
    /// Pieces.
    pub quantity: u32,
    /// Price of a piece in tenge.
    pub unit_price_kzt: i64,
    /// Total where it is not quantity times price (goods by weight).
    pub total_kzt: Option<f64>,
    /// The whole `offer` is missing; only the product look-ups know the article.
    pub without_offer: bool,
}

impl SimLine {
    /// A line with an article.
    pub fn new(sku: &str, name: &str, quantity: u32, unit_price_kzt: i64) -> Self {
        Self {
            sku: Some(sku.into()),
            name: name.into(),
            quantity,
            unit_price_kzt,
            total_kzt: None,
            without_offer: false,
        }
    }

    /// Total in tenge.
    pub fn total(&self) -> f64 {
        self.total_kzt.unwrap_or((self.unit_price_kzt * i64::from(self.quantity)) as f64)
    }
}

/// Where the order goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Town.
    pub town: String,
    /// Street; `None` for a pickup point.
    pub street: Option<String>,
    /// House.
    pub house: Option<String>,
    /// Flat.
    pub apartment: Option<String>,
}

/// State and status from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// The new state.
    pub state: String,
    /// The new status.
    pub status: String,
}

/// One order. Fields are open so that a test can make any odd one.
#[derive(Debug, Clone, PartialEq)]
pub struct SimOrder {
    /// The number that people see.
    pub code: String,
    /// `creationDate`.
    pub created_ms: i64,
    /// When the API begins to show it; later than `created_ms` for orders that the bank approves late.
    pub visible_from_ms: i64,
    /// First state; a plain text, so that unknown ones can be tried.
    pub state: String,
    /// First status.
    pub status: String,
    /// Later states, in order of time.
    pub timeline: Vec<Change>,
    /// Who bought.
    pub buyer: Buyer,
    /// What was bought; may be empty.
    pub lines: Vec<SimLine>,
    /// `totalPrice` where it is not the sum of the lines.
    pub total_kzt: Option<f64>,
    /// `PREPAID` or `PAY_WITH_CREDIT`.
    pub payment_mode: String,
    /// Months of the credit.
    pub credit_term: Option<u32>,
    /// `deliveryMode`.
    pub delivery_mode: String,
    /// Whether Kaspi delivers.
    pub is_kaspi_delivery: bool,
    /// `None` for own pickup.
    pub address: Option<Address>,
    /// What the buyer pays for delivery, in tenge.
    pub delivery_cost_kzt: i64,
    /// `plannedDeliveryDate`.
    pub planned_delivery_ms: Option<i64>,
    /// Ordered before it is in stock.
    pub pre_order: bool,
    /// Express delivery.
    pub express: bool,
    /// Credit papers are to be signed.
    pub signature_required: bool,
    /// Packed from the start; `None` leaves it out.
    pub assembled: Option<bool>,
    /// Packed from that moment on, whatever it was at the start.
    pub assembled_from_ms: Option<i64>,
    /// When it is handed to the courier; not shown before.
    pub handed_over_ms: Option<i64>,
    /// Why it is cancelled; shown only while it is.
    pub cancellation_reason: Option<String>,
}

impl SimOrder {
    /// An order that Kaspi delivers within the town, accepted, with one line and a buyer of its own.
    pub fn new(code: &str, created_ms: i64) -> Self {
        let tail: String = code.chars().rev().take(7).collect::<Vec<_>>().into_iter().rev().collect();
        Self {
            code: code.into(),
            created_ms,
            visible_from_ms: created_ms,
            state: "KASPI_DELIVERY".into(),
            status: "ACCEPTED_BY_MERCHANT".into(),
            timeline: Vec::new(),
            buyer: Buyer {
                first_name: Some("Айгүл".into()),
                last_name: Some("С".into()),
                phone: Some(format!("701{tail:0>7}")),
            },
            lines: vec![SimLine::new("SKU-0001", "Чайник 1,7 л", 1, 15_000)],
            total_kzt: None,
            payment_mode: "PREPAID".into(),
            credit_term: None,
            delivery_mode: "DELIVERY_LOCAL".into(),
            is_kaspi_delivery: true,
            address: Some(Address {
                town: "Алматы".into(),
                street: Some("улица Абая".into()),
                house: Some("10".into()),
                apartment: Some("5".into()),
            }),
            delivery_cost_kzt: 0,
            planned_delivery_ms: Some(created_ms + 3 * 86_400_000),
            pre_order: false,
            express: false,
            signature_required: false,
            assembled: Some(false),
            assembled_from_ms: None,
            handed_over_ms: None,
            cancellation_reason: None,
        }
    }

    /// State and status from the start.
    #[must_use]
    pub fn state(mut self, state: &str, status: &str) -> Self {
        self.state = state.into();
        self.status = status.into();
        self
    }

    /// Another state and status from that moment on.
    #[must_use]
    pub fn later(mut self, at_ms: i64, state: &str, status: &str) -> Self {
        self.timeline.push(Change { at_ms, state: state.into(), status: status.into() });
        self
    }

    /// Cancelled at that moment, with the reason that Kaspi names.
    #[must_use]
    pub fn cancelled(mut self, at_ms: i64, reason: &str) -> Self {
        self.cancellation_reason = Some(reason.into());
        self.later(at_ms, "ARCHIVE", "CANCELLED")
    }

    /// Packed at that moment.
    #[must_use]
    pub fn assembled_from(mut self, at_ms: i64) -> Self {
        self.assembled_from_ms = Some(at_ms);
        self
    }

    /// Handed to the courier at that moment.
    #[must_use]
    pub fn handed_over(mut self, at_ms: i64) -> Self {
        self.handed_over_ms = Some(at_ms);
        self
    }

    /// Names and the raw phone; an empty text leaves a null in the answer.
    #[must_use]
    pub fn buyer(mut self, first_name: &str, last_name: &str, phone: &str) -> Self {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.buyer =
            Buyer { first_name: filled(first_name), last_name: filled(last_name), phone: filled(phone) };
        self
    }

    /// The lines instead of the default one.
    #[must_use]
    pub fn lines(mut self, lines: Vec<SimLine>) -> Self {
        self.lines = lines;
        self
    }

    /// Shown only from that moment on.
    #[must_use]
    pub fn visible_from(mut self, at_ms: i64) -> Self {
        self.visible_from_ms = at_ms;
        self
    }

    /// Where it is delivered; `None` for own pickup.
    #[must_use]
    pub fn delivery(mut self, mode: &str, is_kaspi_delivery: bool, address: Option<Address>) -> Self {
        self.delivery_mode = mode.into();
        self.is_kaspi_delivery = is_kaspi_delivery;
        self.address = address;
        self
    }

    /// `totalPrice` in tenge.
    pub fn total(&self) -> f64 {
        self.total_kzt.unwrap_or_else(|| self.lines.iter().map(SimLine::total).sum())
    }

    /// State and status at a moment.
    pub fn at(&self, now_ms: i64) -> (&str, &str) {
        let change = self.timeline.iter().rev().find(|change| change.at_ms <= now_ms);
        change.map_or((&self.state, &self.status), |change| (&change.state, &change.status))
    }

    /// Whether it is packed at a moment; `None` where Kaspi does not say.
    pub fn assembled_at(&self, now_ms: i64) -> Option<bool> {
        match self.assembled_from_ms {
            Some(from_ms) if from_ms <= now_ms => Some(true),
            _ => self.assembled,
        }
    }

    /// When it was handed to the courier, if it was by then.
    pub fn handed_over_at(&self, now_ms: i64) -> Option<i64> {
        self.handed_over_ms.filter(|at_ms| *at_ms <= now_ms)
    }

    /// Why it is cancelled, if it is at a moment.
    pub fn cancellation_reason_at(&self, now_ms: i64) -> Option<&str> {
        let is_cancelled = matches!(self.at(now_ms).1, "CANCELLED" | "CANCELLING");
        self.cancellation_reason.as_deref().filter(|_| is_cancelled)
    }
}
