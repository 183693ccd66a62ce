//! What people do on the pages, against the simulators of both sides.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use kaspi_amocrm_simulator::{
    World,
    amo::account,
    demo::next_demo_order,
    fault::{Fault, Rule},
    serve::{Server, serve},
};

use super::tests::{Answer, Rig};
use crate::{
    base::clock::now_ms,
    base::job::Job,
    base::{calendar::Day, shutdown::Stop},
    service::RunLimits,
};

/// A signed-in owner of a shop with three orders, none of whose notes amoCRM accepts.
struct Shop {
    rig: Rig,
    world: Arc<Mutex<World>>,
    _server: Server,
    cookies: String,
    code: String,
}

impl Shop {
    async fn open() -> Self {
        let mut world = World::default();
        let (kaspi_token, amo_token) = (world.kaspi.options.token.clone(), world.amo.options.token.clone());
        let now_ms = now_ms();
        let orders = [0, 1, 2].map(|seq| next_demo_order(seq, now_ms - 60_000));
        let code = orders[1].code.clone();
        orders.into_iter().for_each(|order| world.kaspi.add_order(order));
        world.amo.faults.rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads/notes"));
        let world = Arc::new(Mutex::new(world));
        let server = serve(world.clone(), 0).await.unwrap();
        let pipeline = account::PIPELINE_ID.to_string();
        let rig = Rig::with_password(&[
            ("KASPI_API_BASE", &server.kaspi_base_url()),
            ("KASPI_API_TOKEN", &kaspi_token),
            ("AMO_BASE_URL", &server.base_url()),
            ("AMO_LONG_LIVED_TOKEN", &amo_token),
            ("AMO_PIPELINE_ID", &pipeline),
        ])
        .await;
        let (limits, stop) = (RunLimits::default(), Stop::never());
        rig.host.run("default", Job::New, limits, Duration::ZERO, &stop).await.unwrap();
        let cookies = rig.sign_in().await;
        Self { rig, world, _server: server, cookies, code }
    }

    async fn get(&self, path: &str) -> Answer {
        self.rig.get(path, &self.cookies).await
    }

    /// Sends the form of a page with the token of the session.
    async fn send(&self, page: &str, path: &str, fields: &str) -> Answer {
        let token = self.get(page).await.form_token();
        self.rig.post(path, &self.cookies, &format!("form_token={token}&{fields}")).await
    }

    /// The page once what goes on in the background has ended.
    async fn when_done(&self, path: &str, done: &str) -> String {
        loop {
            let page = self.get(path).await;
            assert_eq!(page.status, 200, "{}", page.text);
            if page.text.contains(done) {
                return page.text;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn acts(&self) -> Vec<(String, String)> {
        let acts = self.rig.host.store().acts(10).await.unwrap();
        acts.into_iter().map(|act| (act.act, act.subject)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_refused_is_explained_and_tried_again() {
    let shop = Shop::open().await;
    let code = &shop.code;
    let problems = shop.get("/problems").await.text;
    assert!(problems.contains(code) && problems.contains("amoCRM не принимает примечание."), "{problems}");
    let overview = shop.get("/").await.text;
    assert!(overview.contains("Не проходит дальше: 3\u{a0}заказа"), "{overview}");
    let order = shop.get(&format!("/orders/{code}")).await;
    for part in [
        "/leads/detail/",
        "rel=\"noreferrer noopener\"",
        "Сделка появилась в amoCRM",
        "Каждый просмотр записывается",
    ] {
        assert!(order.text.contains(part), "lacks {part}: {}", order.text);
    }
    assert!(order.headers.contains("no-store"), "{}", order.headers);

    let refused = shop.rig.post("/problems/retry", &shop.cookies, &format!("code={code}")).await;
    assert_eq!((refused.status, shop.acts().await.len()), (403, 1), "nothing but the sign-in");
    shop.world.lock().unwrap().amo.faults.clear();
    let sent = shop.send("/problems", "/problems/retry", &format!("code={code}")).await;
    assert_eq!((sent.status, sent.location.as_str()), (303, "/problems"));
    let after = shop.when_done("/problems", "отправлено снова 1").await;
    assert!(!after.contains(code), "{after}");
    assert_eq!(shop.acts().await[0], ("retry".to_owned(), format!("default/{code}")));
    shop.send("/problems", "/problems/retry", "").await;
    shop.when_done("/problems", "Проблем нет").await;
    assert_eq!(shop.acts().await[0], ("retry".to_owned(), "default/all".to_owned()));
    assert!(shop.get(&format!("/orders/{code}")).await.text.contains("Они есть в amoCRM"));
    assert!(shop.get("/runs").await.text.contains("Новые заказы"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_found_by_its_number() {
    let shop = Shop::open().await;
    let found = shop.get(&format!("/orders?code=+{}+", shop.code)).await;
    assert_eq!((found.status, found.location), (303, format!("/orders/{}", shop.code)));
    let wrong = shop.get("/orders?code=%3Cb%3E").await;
    assert_eq!(wrong.status, 200);
    assert!(wrong.text.contains("Это не номер заказа") && !wrong.text.contains("<b>"), "{}", wrong.text);
    let unknown = shop.get("/orders/999").await;
    assert!(unknown.text.contains("В Kaspi нет заказа с таким номером."), "{}", unknown.text);
    assert!(shop.get("/orders/%3Cb%3E").await.text.contains("Это не номер заказа"));
    for path in [
        "/orders?after=%00%FF",
        "/orders?work=%3Cb%3E",
        "/runs?before=-1",
        "/runs?level=x",
        "/statement?day=x",
    ] {
        assert_eq!(shop.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_made_in_the_background_and_can_be_repaired() {
    let shop = Shop::open().await;
    shop.world.lock().unwrap().amo.faults.clear();
    let day = Day::of(now_ms());
    let days = format!("from={}&to={day}", day.before());
    let sent = shop.send("/statement", "/statement", &days).await;
    assert_eq!((sent.status, sent.location), (303, format!("/statement?{days}")));
    let page = shop.when_done("/statement", "Требуют внимания").await;
    assert!(page.contains("В Kaspi: 3\u{a0}заказа."), "{page}");
    assert_eq!(shop.acts().await.len(), 1, "looking is no act");
    shop.send("/statement", "/statement", &format!("{days}&act=repair")).await;
    shop.when_done("/statement", "Исправлять было нечего").await;
    assert_eq!(shop.acts().await[0].0, "repair");
    let wrong = shop.send("/statement", "/statement", "from=%3Cb%3E&to=x").await;
    assert_eq!(wrong.location, "/statement?from=%3Cb%3E&to=x");
    assert!(shop.get(&wrong.location).await.text.contains("Укажите день"));
}
