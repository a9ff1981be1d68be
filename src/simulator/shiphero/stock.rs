//! Products, what is on the shelves, and what of it is set aside for which order.
//!
//! An order is allocated by itself as it comes and changes: for each line as many units as are pending and there. A
//! changed allocation is a new one with a new reference, told as Deallocated and Allocated. What is being picked or
//! packed keeps its allocation, and units added meanwhile wait until the parcel has left.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::order::{Allocation, Order, text};
use super::refused::Refused;
use super::state::{State, number};
use super::webhook;

/// A product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Product {
    pub(super) id: i64,
    pub(super) fields: Map<String, Value>,
    /// By warehouse.
    pub(super) stock: BTreeMap<i64, Stock>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// What one warehouse has of a product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stock {
    pub(super) id: i64,
    pub(super) fields: Map<String, Value>,
    pub(super) on_hand: i64,
    pub(super) allocated: i64,
    pub(super) updated_at: Timestamp,
}

impl Stock {
    pub(super) const fn available(&self) -> i64 {
        self.on_hand - self.allocated
    }
}

impl State {
    /// The warehouse with this id, by its number.
    pub(super) fn warehouse(&self, uuid: &str) -> Result<i64, Refused> {
        number("Warehouse", uuid)
            .filter(|id| self.options.warehouses.iter().any(|(known, _)| known == id))
            .ok_or_else(|| Refused::missing("Warehouse"))
    }

    pub(super) fn warehouse_name(&self, id: i64) -> &str {
        self.options.warehouses.iter().find(|(known, _)| *known == id).map_or("", |(_, name)| name)
    }

    /// Where orders go unless told otherwise.
    pub(super) fn first_warehouse(&self) -> i64 {
        self.options.warehouses.first().map_or(0, |(id, _)| *id)
    }

    /// Adds a product; its fields are those of `product_create`.
    pub(super) fn add_product(&mut self, sku: &str, fields: Map<String, Value>) -> &mut Product {
        let (id, now) = (self.next_id(), self.now);
        self.products.entry(sku.to_owned()).or_insert_with(|| Product {
            id,
            fields,
            stock: BTreeMap::new(),
            created_at: now,
            updated_at: now,
        })
    }

    /// What a warehouse has of a product, added if it had none so far.
    pub(super) fn stock_mut(&mut self, sku: &str, warehouse: i64) -> Option<&mut Stock> {
        let (id, now) = (self.next_id(), self.now);
        let product = self.products.get_mut(sku)?;
        Some(product.stock.entry(warehouse).or_insert_with(|| Stock {
            id,
            fields: Map::new(),
            on_hand: 0,
            allocated: 0,
            updated_at: now,
        }))
    }

    /// Sets how many are on hand, in the first warehouse if none is named, and adds the product if there is none.
    pub(super) fn set_stock(&mut self, sku: &str, name: Option<&str>, warehouse: Option<i64>, on_hand: i64) {
        let warehouse = warehouse.unwrap_or_else(|| self.first_warehouse());
        if !self.products.contains_key(sku) {
            let fields = json!({ "sku": sku, "name": name.unwrap_or(sku) });
            self.add_product(sku, fields.as_object().cloned().unwrap_or_default());
        }
        self.move_stock(sku, warehouse, |_| on_hand);
        self.allocate_waiting(sku);
    }

    /// Changes how many are on hand and tells of it.
    pub(super) fn move_stock(&mut self, sku: &str, warehouse: i64, change: impl FnOnce(i64) -> i64) {
        let now = self.now;
        let Some(stock) = self.stock_mut(sku, warehouse) else { return };
        let before = stock.on_hand;
        stock.on_hand = change(before);
        stock.updated_at = now;
        let changed = stock.on_hand != before;
        // Counting what is owed takes a while, so it is done only if somebody wants to know.
        if changed && self.registrations.iter().any(|r| r.name == webhook::INVENTORY) {
            self.outgoing.extend(webhook::inventory(self, sku, warehouse));
        }
    }

    /// Gives stock that came in to the orders that wait for it, oldest first.
    pub(super) fn allocate_waiting(&mut self, sku: &str) {
        let waiting: Vec<i64> = self
            .orders
            .values()
            .filter(|order| {
                order.is_open()
                    && order.lines.iter().any(|l| l.sku() == sku && order.allocated(l.id) < l.pending)
            })
            .map(|order| order.id)
            .collect();
        for id in waiting {
            let Some(mut order) = self.orders.get(&id).cloned() else { continue };
            let before = order.allocations.clone();
            self.allocate(&mut order);
            if order.allocations != before {
                order.updated_at = order.updated_at.max(self.now);
            }
            self.orders.insert(id, order);
        }
    }

    /// Sets aside what an order should have now.
    pub(super) fn allocate(&mut self, order: &mut Order) {
        if order.is_locked {
            self.trim(order);
            return;
        }
        let wanted = self.wanted(order);
        let had: BTreeMap<i64, BTreeMap<i64, i64>> =
            order.allocations.iter().map(|a| (a.warehouse, a.units.clone())).collect();
        if had == wanted {
            return;
        }
        self.deallocate(order);
        for (warehouse, units) in wanted {
            for (line, count) in &units {
                let sku = order.line(*line).map(|line| line.sku().to_owned()).unwrap_or_default();
                if let Some(stock) = self.stock_mut(&sku, warehouse) {
                    stock.allocated += count;
                }
            }
            let reference = format!("{}-{}", order.id, self.next_id());
            order.allocations.push(Allocation { warehouse, reference, at: self.now, units });
        }
        for allocation in &order.allocations {
            self.outgoing.push(webhook::allocated(self, order, allocation));
        }
    }

    /// Lets go of units that are no longer to be shipped, and of nothing else.
    fn trim(&mut self, order: &mut Order) {
        let mut allocations = std::mem::take(&mut order.allocations);
        for allocation in &mut allocations {
            let warehouse = allocation.warehouse;
            for (line, count) in &mut allocation.units {
                let most = order.line(*line).map_or(0, |line| line.pending);
                let sku = self.sku_of(order, *line);
                let over = (*count - most).max(0);
                if let Some(stock) = self.stock_mut(&sku, warehouse).filter(|_| over > 0) {
                    stock.allocated -= over;
                    *count -= over;
                }
            }
            allocation.units.retain(|_, count| *count > 0);
        }
        order.allocations = allocations;
        order.allocations.retain(|allocation| !allocation.units.is_empty());
    }

    /// Puts an order's stock back on the shelf and tells of it.
    pub(super) fn deallocate(&mut self, order: &mut Order) {
        for allocation in std::mem::take(&mut order.allocations) {
            self.release(order, &allocation);
            self.outgoing.push(webhook::deallocated(self, order, &allocation));
        }
    }

    /// Puts the units of an allocation back without a word.
    pub(super) fn release(&mut self, order: &Order, allocation: &Allocation) {
        for (line, count) in &allocation.units {
            let sku = self.sku_of(order, *line);
            if let Some(stock) = self.stock_mut(&sku, allocation.warehouse) {
                stock.allocated -= count;
            }
        }
    }

    /// The SKU of a line, of one that was just removed too.
    fn sku_of(&self, order: &Order, line: i64) -> String {
        let kept = self.orders.get(&order.id).and_then(|kept| kept.line(line));
        order.line(line).or(kept).map(|line| line.sku().to_owned()).unwrap_or_default()
    }

    fn wanted(&self, order: &Order) -> BTreeMap<i64, BTreeMap<i64, i64>> {
        let mut wanted: BTreeMap<i64, BTreeMap<i64, i64>> = BTreeMap::new();
        if !order.is_open() || !self.options.allocates || order.unallocated_by_hand {
            return wanted;
        }
        // Two lines may want the same product.
        let mut taken: BTreeMap<(&str, i64), i64> = BTreeMap::new();
        for line in order.lines.iter().filter(|line| line.pending > 0) {
            let locked = number("Warehouse", text(&line.fields, "warehouse_id"));
            let warehouse = locked.or(order.warehouse).unwrap_or_else(|| self.first_warehouse());
            let stock = self.products.get(line.sku()).and_then(|product| product.stock.get(&warehouse));
            let Some(stock) = stock else { continue };
            let own: i64 = order
                .allocations
                .iter()
                .filter(|a| a.warehouse == warehouse)
                .flat_map(|a| &a.units)
                .filter(|(id, _)| self.sku_of(order, **id) == line.sku())
                .map(|(_, count)| count)
                .sum();
            let taken = taken.entry((line.sku(), warehouse)).or_default();
            let units = line.pending.min(stock.available() + own - *taken);
            if units > 0 {
                *taken += units;
                wanted.entry(warehouse).or_default().insert(line.id, units);
            }
        }
        wanted
    }
}
