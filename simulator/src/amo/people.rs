//! What people do in the account, without the API.

use super::{Amo, Contact, Lead, Link, Owner, contacts, elements, leads};

impl Amo {
    /// A lead, to do with it what a person does.
    pub fn lead_mut(&mut self, id: u64) -> Option<&mut Lead> {
        self.state.lead_mut(id)
    }

    /// A contact, to do with it what a person does.
    pub fn contact_mut(&mut self, id: u64) -> Option<&mut Contact> {
        self.state.contact_mut(id)
    }

    /// Takes a lead away without trace, its rows and notes as well.
    pub fn remove_lead(&mut self, id: u64) {
        self.state.leads.retain(|lead| lead.id != id);
        self.state.links.retain(|link| link.lead_id != id);
        self.state.notes.retain(|note| note.lead_id != id);
    }

    /// Takes a product off a lead.
    pub fn remove_link(&mut self, lead_id: u64, element_id: u64) {
        self.state.links.retain(|link| (link.lead_id, link.element_id) != (lead_id, element_id));
    }

    /// Merges two leads as people do on the screen. The loser is gone: 204 by its id, 400 where a request names it. Its
    /// tags, contacts, rows and notes go to the winner, its field values where the winner has none. The winner keeps
    /// its name, price, stage and main contact, and its own row where both have one of the same product.
    ///
    /// # Panics
    ///
    /// If one of them does not exist or both are the same.
    pub fn merge_leads(&mut self, winner: u64, loser: u64) {
        let state = &mut self.state;
        assert!(winner != loser && state.lead(winner).is_some(), "no lead to merge into");
        let at = state.leads.iter().position(|lead| lead.id == loser).expect("a lead to merge");
        let gone = state.leads.remove(at);
        let (rows, others): (Vec<_>, Vec<_>) = state.links.drain(..).partition(|link| link.lead_id == loser);
        state.links = others;
        for row in rows {
            let row = Link { lead_id: winner, ..row };
            if !state.links.iter().any(|link| link.is_of_row(&row)) {
                state.links.push(row);
            }
        }
        for note in state.notes.iter_mut().filter(|note| note.lead_id == loser) {
            note.lead_id = winner;
        }
        let lead = state.lead_mut(winner).expect("asserted above");
        let has_main = lead.contacts.iter().any(|(_, is_main)| *is_main);
        for (contact, is_main) in gone.contacts {
            if !lead.contacts.iter().any(|(present, _)| *present == contact) {
                lead.contacts.push((contact, is_main && !has_main));
            }
        }
        merge_tags(&mut lead.tags, gone.tags);
        for (field, values) in gone.fields {
            lead.fields.entry(field).or_insert(values);
        }
        lead.updated_at = lead.updated_at.max(gone.updated_at);
    }

    /// Merges two contacts as people do on the screen. The loser is gone: 204 by its id, 400 where a request names it.
    /// Its leads, tags, phones and e-mail addresses go to the winner, its other field values where the winner has none.
    ///
    /// # Panics
    ///
    /// If one of them does not exist or both are the same.
    pub fn merge_contacts(&mut self, winner: u64, loser: u64) {
        let state = &mut self.state;
        assert!(winner != loser && state.contact(winner).is_some(), "no contact to merge into");
        let at = state.contacts.iter().position(|contact| contact.id == loser).expect("a contact to merge");
        let gone = state.contacts.remove(at);
        for lead in &mut state.leads {
            let Some(at) = lead.contacts.iter().position(|(id, _)| *id == loser) else { continue };
            let (_, was_main) = lead.contacts.remove(at);
            match lead.contacts.iter_mut().find(|(id, _)| *id == winner) {
                Some((_, is_main)) => *is_main |= was_main,
                None => lead.contacts.push((winner, was_main)),
            }
        }
        let contact = state.contacts.iter_mut().find(|contact| contact.id == winner).expect("asserted above");
        merge_tags(&mut contact.tags, gone.tags);
        for (id, values) in gone.fields {
            let takes_many = state.account.field(Owner::Contacts, id).is_some_and(|f| f.kind == "multitext");
            let present = contact.fields.entry(id).or_default();
            for value in values {
                let is_new = !present.iter().any(|known| known.value == value.value);
                if present.is_empty() || (takes_many && is_new) {
                    present.push(value);
                }
            }
        }
        contact.updated_at = contact.updated_at.max(gone.updated_at);
    }

    /// A contact that a person made long ago.
    pub fn add_contact(&mut self, name: &str, phones: &[&str]) -> u64 {
        contacts::seed(&mut self.state, name, phones)
    }

    /// A product that a person made long ago; an empty article leaves the field empty.
    pub fn add_element(&mut self, catalog_id: u64, name: &str, sku: &str) -> u64 {
        elements::seed(&mut self.state, catalog_id, name, sku)
    }

    /// A lead that a person made at that moment.
    pub fn add_lead(&mut self, name: &str, pipeline_id: u64, status_id: u64, at_ms: i64) -> u64 {
        leads::seed(&mut self.state, name, pipeline_id, status_id, at_ms)
    }
}

fn merge_tags(tags: &mut Vec<u64>, more: Vec<u64>) {
    tags.extend(more);
    tags.sort_unstable();
    tags.dedup();
}
