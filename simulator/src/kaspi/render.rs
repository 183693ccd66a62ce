//! Resources as JSON:API objects (docs/apis/kaspi.md 2.0, 2.4-2.6).

use serde_json::{Map, Value, json};

use super::{
    options::PHONE_MASK,
    order::{SimLine, SimOrder},
};
use crate::codec::{base64, digits};

const ROOT: &str = "https://kaspi.kz/shop/api/v2";
const POINT: &str = "99000001_PP1";

/// The opaque id of a line.
pub(super) fn entry_id(order: &SimOrder, line: usize) -> String {
    base64(&format!("{}##{line}", order.code))
}

/// The opaque id of Kaspi's own card of a product.
pub(super) fn product_id(line: &SimLine) -> String {
    base64(&product_code(line))
}

/// A card number that follows from the article or, without one, from the name.
fn product_code(line: &SimLine) -> String {
    let key = line.sku.as_ref().unwrap_or(&line.name);
    let hash = key.bytes().fold(17_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 89_999_999);
    (10_000_000 + hash).to_string()
}

fn phone(order: &SimOrder, masked: bool) -> Option<&str> {
    match order.buyer.phone.as_deref() {
        Some(_) if masked => Some(PHONE_MASK),
        phone => phone,
    }
}

/// Base64 of the ten digits, also where the phone itself is masked.
fn customer_id(order: &SimOrder) -> String {
    base64(&digits(order.buyer.phone.as_deref().unwrap_or(&order.code)))
}

/// The `customers` object.
pub(super) fn customer_resource(order: &SimOrder, masked: bool) -> Value {
    let id = customer_id(order);
    json!({
        "type": "customers", "id": id,
        "attributes": {
            "firstName": order.buyer.first_name, "lastName": order.buyer.last_name,
            "cellPhone": phone(order, masked),
        },
        "relationships": {}, "links": {"self": format!("{ROOT}/customers/{id}")},
    })
}

/// The `orders` object.
pub(super) fn order(order: &SimOrder, id: &str, masked: bool, now_ms: i64, without_lines: bool) -> Value {
    let (state, status) = order.at(now_ms);
    let link = format!("{ROOT}/orders/{id}");
    let lines = if without_lines { 0 } else { order.lines.len() };
    let entries: Vec<Value> =
        (0..lines).map(|line| json!({"type": "orderentries", "id": entry_id(order, line)})).collect();
    let mut attributes = json!({
        "code": order.code,
        "totalPrice": order.total(),
        "paymentMode": order.payment_mode,
        "creationDate": order.created_ms,
        "approvedByBankDate": order.visible_from_ms.max(order.created_ms),
        "plannedDeliveryDate": order.planned_delivery_ms,
        "deliveryCostForSeller": 900.0,
        "deliveryCost": order.delivery_cost_kzt as f64,
        "isKaspiDelivery": order.is_kaspi_delivery,
        "deliveryMode": order.delivery_mode,
        "signatureRequired": order.signature_required,
        "preOrder": order.pre_order,
        "pickupPointId": POINT,
        "originAddress": origin(),
        "state": state,
        "status": status,
        "customer": {
            "id": customer_id(order),
            "name": order.buyer.first_name,
            "cellPhone": phone(order, masked),
            "firstName": order.buyer.first_name,
            "lastName": order.buyer.last_name,
        },
    });
    let object = attributes.as_object_mut().expect("written as an object above");
    optional(object, order, now_ms);
    json!({
        "type": "orders", "id": id, "attributes": attributes,
        "relationships": {
            "entries": {
                "data": entries,
                "links": {"self": format!("{link}/relationships/entries"), "related": format!("{link}/entries")},
            },
            "user": {
                "data": {"type": "customers", "id": customer_id(order)},
                "links": {"self": format!("{link}/relationships/user"), "related": format!("{link}/user")},
            },
        },
        "links": {"self": link},
    })
}

/// Keys that are absent where they do not apply.
fn optional(object: &mut Map<String, Value>, order: &SimOrder, now_ms: i64) {
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    if let Some(months) = order.credit_term {
        set("creditTerm", json!(months));
    }
    if let Some(assembled) = order.assembled_at(now_ms) {
        set("assembled", json!(assembled));
    }
    if let Some(reason) = order.cancellation_reason_at(now_ms) {
        set("cancellationReason", json!(reason));
    }
    if let Some(address) = &order.address {
        let parts = [Some(address.town.as_str()), address.street.as_deref(), address.house.as_deref()];
        let mut formatted = parts.iter().flatten().copied().collect::<Vec<_>>().join(", ");
        if address.street.is_none() {
            // The stub that pickup points show.
            formatted.push_str(", ");
        }
        let located = address.street.is_some();
        set(
            "deliveryAddress",
            json!({
                "streetName": address.street, "streetNumber": address.house, "town": address.town,
                "district": null, "building": null, "apartment": address.apartment,
                "formattedAddress": formatted,
                "latitude": located.then_some(43.24), "longitude": located.then_some(76.89),
            }),
        );
    }
    if order.is_kaspi_delivery {
        set(
            "kaspiDelivery",
            json!({
                "waybill": null, "waybillNumber": null, "courierTransmissionDate": order.handed_over_at(now_ms),
                "courierTransmissionPlanningDate": order.created_ms + 86_400_000, "express": order.express,
                "returnedToWarehouse": false, "firstMileCourier": null,
            }),
        );
    }
}

fn origin() -> Value {
    json!({
        "id": base64(POINT), "displayName": "PP1",
        "address": {
            "streetName": "улица Пример", "streetNumber": "1", "town": "г. Алматы", "district": null,
            "building": null, "apartment": null, "formattedAddress": "г. Алматы, улица Пример, 1",
            "latitude": 43.2, "longitude": 76.9,
        },
        "city": {"id": "NzUwMDAwMDAw", "code": "750000000", "name": "Алматы", "active": true},
    })
}

/// The `orderentries` object.
pub(super) fn entry(order: &SimOrder, line: usize) -> Value {
    let id = entry_id(order, line);
    let link = format!("{ROOT}/orderentries/{id}");
    let item = &order.lines[line];
    let mut attributes = json!({
        "entryNumber": line, "unitType": "PIECES", "quantity": item.quantity,
        "basePrice": item.unit_price_kzt as f64, "totalPrice": item.total(), "weight": 0.0,
        "deliveryCost": 0.0, "isImeiRequired": false,
        "category": {"code": "Master - Samples", "title": "Образцы"},
    });
    if !item.without_offer {
        let mut offer = json!({"name": item.name});
        if let Some(sku) = &item.sku {
            offer["code"] = json!(sku);
        }
        attributes["offer"] = offer;
    }
    json!({
        "type": "orderentries", "id": id, "attributes": attributes,
        "relationships": {
            "product": {
                "data": {"type": "masterproducts", "id": product_id(item)},
                "links": {"self": format!("{link}/relationships/product"), "related": format!("{link}/product")},
            },
            "deliveryPointOfService": {
                "data": {"type": "pointofservices", "id": base64(POINT)},
                "links": {
                    "self": format!("{link}/relationships/deliveryPointOfService"),
                    "related": format!("{link}/deliveryPointOfService"),
                },
            },
        },
        "links": {"self": link},
    })
}

/// Kaspi's own card of the product of a line.
pub(super) fn master_product(order: &SimOrder, line: usize) -> Value {
    let item = &order.lines[line];
    let id = product_id(item);
    let link = format!("{ROOT}/masterproducts/{id}");
    json!({
        "type": "masterproducts", "id": id,
        "attributes": {"code": product_code(item), "name": item.name, "category": "Образцы"},
        "relationships": {"merchantProduct": {
            "data": null,
            "links": {
                "self": format!("{link}/relationships/merchantProduct"),
                "related": format!("{link}/merchantProduct"),
            },
        }},
        "links": {"self": link},
    })
}

/// The seller's own product of a line.
pub(super) fn merchant_product(order: &SimOrder, line: usize) -> Value {
    let item = &order.lines[line];
    let code = item.sku.clone().unwrap_or_default();
    let id = base64(&code);
    json!({
        "type": "merchantproducts", "id": id, "attributes": {"code": code, "name": item.name},
        "relationships": {}, "links": {"self": format!("{ROOT}/merchantproducts/{id}")},
    })
}
