//! What is written on an order: note, tags, attributes, addresses, metafields.
//!
//! Several at once are one change with one webhook.

use super::super::order::{Address, Attribute, Metafield};
use super::super::state::{Change, Event};

/// One thing to be written on an order.
pub(in super::super) enum Detail {
    /// Another note.
    Note(Option<String>),
    /// Another e-mail address of the buyer.
    Email(Option<String>),
    /// Another telephone number of the buyer.
    Phone(Option<String>),
    /// Another purchase order number.
    PoNumber(Option<String>),
    /// Other tags.
    Tags(Vec<String>),
    /// Other note attributes.
    Attributes(Vec<Attribute>),
    /// Another address the goods go to.
    ShippingAddress(Option<Box<Address>>),
    /// Metafields beside those there are, or in their place.
    Metafields(Vec<NewMetafield>),
}

/// A metafield to be set.
#[derive(Clone)]
pub(in super::super) struct NewMetafield {
    pub(in super::super) namespace: String,
    pub(in super::super) key: String,
    pub(in super::super) kind: String,
    pub(in super::super) value: String,
}

/// Writes these on the order.
pub(in super::super) fn revise(change: &mut Change<'_>, details: Vec<Detail>) {
    for detail in details {
        let order = &mut *change.order;
        match detail {
            Detail::Note(note) => order.note = note,
            Detail::Email(email) => order.email = email,
            Detail::Phone(phone) => order.phone = phone,
            Detail::PoNumber(number) => order.po_number = number,
            Detail::Tags(tags) => order.tags = ordered_tags(&tags),
            Detail::Attributes(attributes) => order.attributes = attributes,
            Detail::ShippingAddress(address) => {
                let id = order.shipping_address.as_ref().map(|old| old.id);
                order.shipping_address = address.map(|address| {
                    let id = id.unwrap_or_else(|| change.ids.next());
                    Address { id, ..*address }
                });
            }
            Detail::Metafields(metafields) => {
                for new in metafields {
                    put(change, new);
                }
            }
        }
    }
    change.tell(Event::Order("orders/updated"));
}

/// Adds tags; without a new one nothing happens.
pub(in super::super) fn add_tags(change: &mut Change<'_>, tags: &[String]) {
    let all: Vec<String> = change.order.tags.iter().chain(tags).cloned().collect();
    retag(change, &all);
}

/// Removes tags, whatever their case; without one of them nothing happens.
pub(in super::super) fn remove_tags(change: &mut Change<'_>, tags: &[String]) {
    let gone: Vec<String> = tags.iter().map(|tag| tag.trim().to_lowercase()).collect();
    let left: Vec<String> =
        change.order.tags.iter().filter(|tag| !gone.contains(&tag.to_lowercase())).cloned().collect();
    retag(change, &left);
}

fn retag(change: &mut Change<'_>, tags: &[String]) {
    let tags = ordered_tags(tags);
    if tags != change.order.tags {
        revise(change, vec![Detail::Tags(tags)]);
    }
}

/// Sets metafields and returns their ids; if all were so already, nothing happens.
pub(in super::super) fn set_metafields(change: &mut Change<'_>, metafields: &[NewMetafield]) -> Vec<i64> {
    let before = change.order.metafields.clone();
    let ids = metafields.iter().map(|new| put(change, new.clone())).collect();
    if change.order.metafields != before {
        change.tell(Event::Order("orders/updated"));
    }
    ids
}

fn put(change: &mut Change<'_>, new: NewMetafield) -> i64 {
    let now = change.now;
    let same = |m: &&mut Metafield| m.namespace == new.namespace && m.key == new.key;
    if let Some(old) = change.order.metafields.iter_mut().find(same) {
        if (&old.kind, &old.value) != (&new.kind, &new.value) {
            old.kind = new.kind;
            old.value = new.value;
            old.updated_at = now;
        }
        return old.id;
    }
    let id = change.ids.next();
    change.order.metafields.push(Metafield {
        id,
        namespace: new.namespace,
        key: new.key,
        kind: new.kind,
        value: new.value,
        created_at: now,
        updated_at: now,
    });
    id
}

/// Tags as the shop keeps them: trimmed, each once whatever its case, in alphabetical order.
pub(in super::super) fn ordered_tags(tags: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()) {
        if !kept.iter().any(|k| k.to_lowercase() == tag.to_lowercase()) {
            kept.push(tag.to_owned());
        }
    }
    kept.sort_by_key(|tag| tag.to_lowercase());
    kept
}

#[cfg(test)]
mod tests {
    #[test]
    fn tags_are_kept_once_and_in_order() {
        let tags: Vec<String> = [" vip ", "Club", "VIP", "", "allocation"].map(str::to_owned).to_vec();
        assert_eq!(super::ordered_tags(&tags), ["allocation", "Club", "vip"]);
    }
}
