//! Which handler answers which request.

use super::{
    account::Owner, answer, call::Call, contacts, directory, elements, layout, leads, links, notes,
    state::State,
};
use crate::http::Response;

/// The table of routes.
pub(super) fn dispatch(state: &mut State, call: &Call<'_>, segments: &[&str]) -> Response {
    let id = |text: &str| text.parse::<u64>().ok();
    let method = call.request.method.as_str();
    let known = match (segments, method) {
        (["account"], "GET") => Some(directory::account(state, call)),
        (["users"], "GET") => Some(directory::users(state, call)),
        (["catalogs"], "GET") => Some(directory::catalogs(state, call)),
        (["catalogs"], "POST") => Some(layout::create_catalogs(state, call)),
        (["leads", "pipelines"], "GET") => Some(directory::pipelines(state, call)),
        (["leads", "loss_reasons"], "GET") => Some(directory::loss_reasons(state, call)),
        (["leads", "custom_fields"], "GET") => Some(directory::custom_fields(state, call, Owner::Leads)),
        (["leads", "custom_fields"], "POST") => Some(layout::create_fields(state, call, Owner::Leads)),
        (["contacts", "custom_fields"], "POST") => Some(layout::create_fields(state, call, Owner::Contacts)),
        (["contacts", "custom_fields"], "GET") => {
            Some(directory::custom_fields(state, call, Owner::Contacts))
        }
        (["catalogs", catalog, rest @ ..], _) => return catalog_route(state, call, id(catalog), rest),
        (["leads"], "GET") => Some(leads::list(state, call)),
        (["leads"], "POST") => Some(leads::create(state, call)),
        (["leads"], "PATCH") => Some(leads::change(state, call, None)),
        (["leads", "links"], "GET") => Some(links::list(state, call, None)),
        (["leads", "link"], "POST") => Some(links::link(state, call, None)),
        (["leads", "unlink"], "POST") => Some(links::unlink(state, call, None)),
        (["leads", "notes"], "GET") => Some(notes::list(state, call, None)),
        (["leads", "notes"], "POST") => Some(notes::create(state, call, None)),
        (["contacts"], "GET") => Some(contacts::list(state, call)),
        (["contacts"], "POST") => Some(contacts::create(state, call)),
        (["contacts"], "PATCH") => Some(contacts::change(state, call, None)),
        (["contacts", contact], "GET") => id(contact).map(|id| contacts::single(state, call, id)),
        (["contacts", contact], "PATCH") => id(contact).map(|id| contacts::change(state, call, Some(id))),
        (["leads", lead], "GET") => id(lead).map(|id| leads::single(state, call, id)),
        (["leads", lead], "PATCH") => id(lead).map(|id| leads::change(state, call, Some(id))),
        (["leads", lead, "links"], "GET") => id(lead).map(|id| links::list(state, call, Some(id))),
        (["leads", lead, "link"], "POST") => id(lead).map(|id| links::link(state, call, Some(id))),
        (["leads", lead, "unlink"], "POST") => id(lead).map(|id| links::unlink(state, call, Some(id))),
        (["leads", lead, "notes"], "GET") => id(lead).map(|id| notes::list(state, call, Some(id))),
        (["leads", lead, "notes"], "POST") => id(lead).map(|id| notes::create(state, call, Some(id))),
        _ => None,
    };
    known.unwrap_or_else(|| unknown(segments))
}

fn catalog_route(state: &mut State, call: &Call<'_>, catalog: Option<u64>, rest: &[&str]) -> Response {
    let known = catalog.filter(|id| state.account.catalogs.iter().any(|catalog| catalog.id == *id));
    let Some(catalog) = known else { return answer::not_found() };
    match (rest, call.request.method.as_str()) {
        (["custom_fields"], "GET") => directory::custom_fields(state, call, Owner::Catalog(catalog)),
        (["custom_fields"], "POST") => layout::create_fields(state, call, Owner::Catalog(catalog)),
        (["elements"], "GET") => elements::list(state, call, catalog),
        (["elements"], "POST") => elements::create(state, call, catalog),
        (["elements", element], "GET") => match element.parse() {
            Ok(id) => elements::single(state, call, catalog, id),
            Err(_) => answer::not_found(),
        },
        (["custom_fields" | "elements"] | ["elements", _], _) => method_not_allowed(),
        _ => answer::not_found(),
    }
}

/// A wrong method on a path that exists is 405, all else 404.
fn unknown(segments: &[&str]) -> Response {
    let exists = match segments {
        ["account" | "users" | "catalogs" | "leads" | "contacts"] => true,
        ["leads", "pipelines" | "loss_reasons" | "custom_fields" | "links" | "link" | "unlink" | "notes"]
        | ["contacts", "custom_fields"] => true,
        ["leads" | "contacts", id] | ["leads", id, "links" | "link" | "unlink" | "notes"] => {
            id.parse::<u64>().is_ok()
        }
        _ => false,
    };
    if exists { method_not_allowed() } else { answer::not_found() }
}

fn method_not_allowed() -> Response {
    answer::problem(405, "Method Not Allowed", "Method not allowed")
}
