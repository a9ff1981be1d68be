//! Money to the cent: over parcels, over edits, and in two currencies that never meet.

use crossdock::domain::mirror::Desired;
use crossdock::domain::money::{Money, MoneyBag, allocate};
use crossdock::engine::desired::desired;
use crossdock::simulator::shopify::order::RestockType;
use crossdock::simulator::shopify::{NewLine, NewOrder, NewRefund, Options, RefundUnits};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::read_shop::ReadShop;
use crate::support::{dec, document, line, record, route};

/// Units of a line in each of two parcels and in the rest.
fn shares(units: [u32; 3]) -> Vec<Decimal> {
    units.into_iter().map(Decimal::from).collect()
}

proptest! {
    /// Three lines with odd cents and 7 % tax leave in two parcels, and a rest stays: what each parcel says of prices,
    /// discounts, tax and shipping comes to the order to the cent, and no parcel is off by a cent or more.
    #[test]
    fn complaint_04_money_of_parcels_comes_to_the_order(
        lines in prop::collection::vec(((1i64..20_000), (0i64..500), [0u32..9, 0u32..9, 0u32..9]), 3),
        shipping in 0i64..5_000,
        currency in prop::sample::select(vec!["USD", "JPY", "KWD"]),
    ) {
        let (mut prices, mut taxes) = (vec![Decimal::ZERO; 3], vec![Decimal::ZERO; 3]);
        let (mut net_of_order, mut tax_of_order) = (Decimal::ZERO, Decimal::ZERO);
        let places = crossdock::domain::money::decimals(currency);
        let mut units_of_parcels = vec![Decimal::ZERO; 3];
        for (price, discount, units) in lines {
            let weights = shares(units);
            let all: Decimal = weights.iter().sum();
            if all.is_zero() {
                continue;
            }
            let net = Decimal::new(price, places) * all - Decimal::new(discount, places);
            let tax = (net * dec("0.07")).round_dp(places);
            let (net_parts, tax_parts) = (allocate(net, &weights, currency), allocate(tax, &weights, currency));
            let coin = Decimal::new(1, places);
            for (at, weight) in weights.iter().enumerate() {
                for (parts, whole) in [(&net_parts, net), (&tax_parts, tax)] {
                    prop_assert!((parts[at] - whole * weight / all).abs() < coin, "{parts:?} of {whole}");
                    prop_assert!(parts[at].scale() <= places, "{parts:?}");
                    prop_assert!(!weight.is_zero() || parts[at].is_zero(), "what did not leave costs nothing");
                }
                prices[at] += net_parts[at];
                taxes[at] += tax_parts[at];
                units_of_parcels[at] += *weight;
            }
            net_of_order += net;
            tax_of_order += tax;
        }
        let shipping = Decimal::new(shipping, places);
        let freight = allocate(shipping, &units_of_parcels, currency);
        prop_assert_eq!(prices.iter().sum::<Decimal>(), net_of_order);
        prop_assert_eq!(taxes.iter().sum::<Decimal>(), tax_of_order);
        let parcels: Decimal = (0..3).map(|at| prices[at] + taxes[at] + freight[at]).sum();
        prop_assert_eq!(parcels, net_of_order + tax_of_order + shipping);
    }

    /// A discount is shared between what an edit leaves and what it takes off, and neither gains a cent.
    #[test]
    fn the_discount_of_what_is_left_and_of_what_was_taken_off_are_the_whole(
        ordered in 2u32..30, left in 1u32..30, cents in 0i64..9_999,
    ) {
        let left = left.min(ordered - 1);
        let discount_of = |current: u32| {
            let mut order = document();
            order.lines = vec![line("1", "PN-2022", ordered, "33.33")];
            (order.lines[0].discount, order.lines[0].current) = (Decimal::new(cents, 2), current);
            match desired(&record(order), &route()) {
                Some(Desired::Present(copy)) => copy.items[0].discount,
                other => panic!("{other:?}"),
            }
        };
        let whole = Decimal::new(cents, 2);
        prop_assert_eq!(discount_of(ordered), whole.normalize());
        let (stays, goes) = (discount_of(left), allocate(whole, &shares([left, ordered - left, 0]), "USD")[1]);
        prop_assert_eq!(stays + goes, whole);
        prop_assert!(stays.scale() <= 2 && !stays.is_sign_negative());
    }
}

/// The sum of bags, each ledger in its own currency.
fn sum(bags: &[MoneyBag]) -> MoneyBag {
    let (first, rest) = bags.split_first().unwrap();
    rest.iter().fold(first.clone(), |sum, bag| MoneyBag {
        shop: sum.shop.plus(&bag.shop).unwrap(),
        presentment: sum.presentment.plus(&bag.presentment).unwrap(),
    })
}

/// A shop in euros, a buyer in Icelandic krónur; one of three bottles and a part of the shipping
/// are refunded.
#[tokio::test]
async fn complaint_21_both_ledgers_balance_after_a_part_refund() {
    let reader = ReadShop::start(Options { currency: "EUR".into(), ..Options::default() }).await;
    let order = NewOrder {
        presentment_currency: Some("ISK".into()),
        exchange_rate: Some(dec("143.87")),
        tax_rate: dec("0.24"),
        tax_shipping: true,
        lines: vec![NewLine { quantity: 3, price: dec("33.35"), ..NewLine::default() }],
        ..NewOrder::default()
    };
    let id = reader.shop.place_order(&order).unwrap();
    let before = reader.fetch(id).await.document;
    reader.clock.advance(std::time::Duration::from_mins(1));
    let line_id = reader.shop.order(id).unwrap().lines[0].id;
    let units = RefundUnits { line_id, quantity: 1, restock: RestockType::Cancel, location_id: None };
    let refund = NewRefund { lines: vec![units], shipping: Some(dec("7.77")), ..NewRefund::default() };
    reader.shop.refund(id, &refund).unwrap();
    let after = reader.fetch(id).await.document;

    // What the shop says it gave back, and what it says it was paid.
    let told = reader.shop.order(id).unwrap();
    let bag = |shop: Decimal, presentment: Decimal| MoneyBag {
        shop: Money::new(shop, "EUR"),
        presentment: Money::new(presentment, "ISK"),
    };
    let parts = &told.refunds[0];
    let of_lines = parts.lines.iter().flat_map(|line| [line.subtotal, line.tax]);
    let of_shipping = parts.shipping.iter().flat_map(|shipping| [shipping.amount, shipping.tax]);
    let given_back: Vec<MoneyBag> =
        of_lines.chain(of_shipping).map(|part| bag(part.shop, part.presentment)).collect();
    assert_eq!(given_back.len(), 4, "a line and shipping, each with its tax");
    let given_back = sum(&given_back);
    assert_eq!(sum(&[after.total.clone(), given_back.clone()]), before.total);
    let paid = told.transactions.iter().filter(|paid| !parts.transactions.contains(&paid.id));
    let paid: Vec<MoneyBag> = paid.map(|paid| bag(paid.amount.shop, paid.amount.presentment)).collect();
    let repaid = told.transactions.iter().filter(|repaid| parts.transactions.contains(&repaid.id));
    let repaid: Vec<MoneyBag> = repaid.map(|paid| bag(paid.amount.shop, paid.amount.presentment)).collect();
    assert_eq!((sum(&paid), sum(&repaid)), (before.total.clone(), given_back));

    // Each ledger is in its own currency, and one is never taken for the other.
    for bag in [&before.total, &after.total, &before.tax, &after.tax, &after.lines[0].unit_price] {
        assert_eq!((bag.shop.currency.as_str(), bag.presentment.currency.as_str()), ("EUR", "ISK"));
        assert!(bag.shop.plus(&bag.presentment).is_err(), "refused: they are of two currencies");
    }
    assert_ne!(after.total.shop.amount, after.total.presentment.amount);

    // What is told on is the shop's own ledger.
    let Some(Desired::Present(copy)) = desired(&record(after.clone()), &route()) else { panic!("wanted") };
    assert_eq!((copy.tax, copy.payments[0].amount), (after.tax.shop.amount, after.total.shop.amount));
    assert_eq!(copy.items[0].unit_price, dec("33.35"));
}
