//! What the simulator can be asked: types with their fields, each field with its shape and the code that reads it.
//!
//! Fields are read one at a time from borrowed state, so that nothing is built that was not asked for. The tables in
//! `types` are the whole schema: what is not there is an undefined field. They name fields as Shopify does; a test
//! holds them against Shopify's own schema.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::money::{Bag, Currencies};
use super::super::order::totals::Totals;
use super::super::order::{
    Address, Adjustment, Allocation, Attribute, Customer, DeliveryMethod, DiscountApplication, Fulfillment,
    FulfillmentEvent, FulfillmentLine, FulfillmentOrder, FulfillmentOrderLine, Hold, Line, LineGroup,
    Metafield, Order, Origin, Refund, RefundLine, RefundShipping, ShippingLine, Transaction,
};
use super::super::profile::{Location, Profile, utc_time};
use super::super::state::State;
use super::mutation::{Payload, UserError};

/// What a request can see.
pub(super) struct Cx<'a> {
    pub(super) state: &'a State,
    /// The API version in the request's path.
    pub(super) version: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) subscriptions: &'a [(String, i64, String)],
    pub(super) now: Timestamp,
    /// Remarks on search terms, for `extensions.search`.
    pub(super) remarks: RefCell<Vec<Value>>,
    /// The sums of the order asked about last: a document asks for many of them.
    sums: Cell<Option<(i64, Totals)>>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(
        state: &'a State,
        version: &'a str,
        scopes: &'a [String],
        subscriptions: &'a [(String, i64, String)],
        now: Timestamp,
    ) -> Self {
        Self {
            state,
            version,
            scopes,
            subscriptions,
            now,
            remarks: RefCell::default(),
            sums: Cell::new(None),
        }
    }

    pub(super) fn totals(&self, order: &Order) -> Totals {
        match self.sums.get() {
            Some((id, totals)) if id == order.id => totals,
            _ => {
                let totals = Totals::of(order);
                self.sums.set(Some((order.id, totals)));
                totals
            }
        }
    }

    pub(super) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
}

/// A part of an order together with the order.
pub(super) struct Of<'a, T> {
    pub(super) order: &'a Order,
    pub(super) it: &'a T,
}

impl<T> Clone for Of<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Of<'_, T> {}

impl<T> std::ops::Deref for Of<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.it
    }
}

/// An amount and the order's currencies.
#[derive(Clone, Copy)]
pub(super) struct Amount<'a> {
    pub(super) bag: Bag,
    pub(super) currencies: &'a Currencies,
}

/// A tax, possibly summed over lines.
#[derive(Clone, Copy)]
pub(super) struct Tax<'a> {
    pub(super) title: &'a str,
    pub(super) rate: Decimal,
    pub(super) amount: Amount<'a>,
}

/// Something that can be asked about.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Query(()),
    Shop(&'a Profile),
    App(&'a str),
    Scope(&'a str),
    Version(&'static str),
    Location(&'a Location),
    Subscription(&'a (String, i64, String)),
    Order(&'a Order),
    Line(Of<'a, Line>),
    Group(&'a LineGroup),
    Shipping(Of<'a, ShippingLine>),
    Address(&'a Address),
    Customer(&'a Customer),
    Attribute(&'a Attribute),
    Bag(Amount<'a>),
    Money((Decimal, &'a str)),
    Tax(Tax<'a>),
    Discount((usize, Of<'a, DiscountApplication>)),
    Allocation(Of<'a, Allocation>),
    Percentage(Decimal),
    Fulfillment(Of<'a, Fulfillment>),
    FulfillmentLine(Of<'a, FulfillmentLine>),
    Tracking((usize, &'a Fulfillment)),
    Service(&'static str),
    Origin(&'a Origin),
    ShipmentEvent(Of<'a, FulfillmentEvent>),
    FulfillmentOrder(Of<'a, FulfillmentOrder>),
    FulfillmentOrderLine(Of<'a, FulfillmentOrderLine>),
    Hold(&'a Hold),
    Delivery(&'a DeliveryMethod),
    Action(&'static str),
    Refund(Of<'a, Refund>),
    RefundLine(Of<'a, RefundLine>),
    RefundShipping(Of<'a, RefundShipping>),
    Adjustment(Of<'a, Adjustment>),
    Transaction(Of<'a, Transaction>),
    Risk(&'a Order),
    Metafield(&'a Metafield),
    Grams(u64),
    Count((usize, bool)),
    Payload(&'a Payload),
    UserError(&'a UserError),
    Split((i64, i64)),
}

/// What reading a field gives.
pub(super) enum Out<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Texts(Vec<Cow<'a, str>>),
    Node(&'static Type, Node<'a>),
    Nodes(&'static Type, Vec<Node<'a>>),
    /// Objects of several types.
    Mixed(Vec<(&'static Type, Node<'a>)>),
    /// A page already cut, with each object's cursor.
    Page(Page<'a>),
    /// Objects of which some are missing.
    Sparse(Vec<Option<(&'static Type, Node<'a>)>>),
    /// The token lacks this scope.
    Denied(&'static str),
    /// The token lacks what this says is required.
    Forbidden(&'static str),
    /// An error with this code and message.
    Error(&'static str, String),
}

/// One page of a connection.
pub(super) struct Page<'a> {
    pub(super) of: &'static Type,
    pub(super) nodes: Vec<(Node<'a>, String)>,
    pub(super) has_next: bool,
    pub(super) has_previous: bool,
}

impl From<bool> for Out<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u32> for Out<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Out<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl<'a> From<&'a str> for Out<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value.into())
    }
}

impl<'a> From<&'a String> for Out<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value.as_str().into())
    }
}

impl From<String> for Out<'_> {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Timestamp> for Out<'_> {
    fn from(value: Timestamp) -> Self {
        utc_time(value).into()
    }
}

impl<'a> From<Vec<&'a str>> for Out<'a> {
    fn from(value: Vec<&'a str>) -> Self {
        Self::Texts(value.into_iter().map(Into::into).collect())
    }
}

impl<'a> From<&'a Vec<String>> for Out<'a> {
    fn from(value: &'a Vec<String>) -> Self {
        Self::Texts(value.iter().map(|text| text.as_str().into()).collect())
    }
}

impl<'a> From<(&'static Type, Node<'a>)> for Out<'a> {
    fn from((of, node): (&'static Type, Node<'a>)) -> Self {
        Self::Node(of, node)
    }
}

impl<'a> From<(&'static Type, Vec<Node<'a>>)> for Out<'a> {
    fn from((of, nodes): (&'static Type, Vec<Node<'a>>)) -> Self {
        Self::Nodes(of, nodes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Out<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The arguments of a field, variables filled in.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Args(pub(super) Vec<(String, Value)>);

impl Args {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub(super) fn count(&self, name: &str) -> Option<usize> {
        self.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A scalar, an enum value, or a list of them.
    Leaf,
    /// An object.
    One(&'static Type),
    /// A plain list of objects.
    Many(&'static Type),
    /// A connection.
    Pages(&'static Type),
}

/// Reads a field.
pub(super) type Get = for<'a> fn(&Cx<'a>, Node<'a>, &Args) -> Out<'a>;

/// A field of a type.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The arguments it takes, those of mutations with their types: `id!`, `query`, `input: OrderInput!`. One that
    /// ends in `!` is required. A connection takes those of paging too.
    pub(super) args: &'static [&'static str],
    pub(super) shape: Shape,
    pub(super) get: Get,
}

/// The arguments of every connection.
pub(super) const PAGING: [&str; 5] = ["first", "after", "last", "before", "reverse"];

/// The name of an argument as it stands in [`Field::args`].
pub(super) fn argument_name(arg: &'static str) -> &'static str {
    arg.split_once(':').map_or_else(|| arg.trim_end_matches('!'), |(name, _)| name)
}

impl Field {
    pub(super) fn takes(&self, arg: &str) -> bool {
        self.args.iter().any(|a| argument_name(a) == arg)
            || (matches!(self.shape, Shape::Pages(_)) && PAGING.contains(&arg))
    }

    pub(super) fn required(&self) -> impl Iterator<Item = &'static str> {
        self.args.iter().filter(|arg| arg.ends_with('!')).map(|arg| argument_name(arg))
    }

    /// The type of an argument, if it is checked against one.
    pub(super) fn argument_type(&self, arg: &str) -> Option<&'static str> {
        self.args.iter().filter_map(|a| a.split_once(": ")).find(|(name, _)| *name == arg).map(|(_, of)| of)
    }
}

/// A type of the API: an object, or an interface or union of several.
pub(super) struct Type {
    pub(super) name: &'static str,
    /// Points that one object costs.
    pub(super) cost: u32,
    pub(super) fields: &'static [Field],
    /// The object types of an interface or union.
    pub(super) possible: &'static [&'static Type],
    /// The fields all of them have.
    pub(super) shared: &'static [&'static str],
}

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn is_abstract(&self) -> bool {
        !self.possible.is_empty()
    }
}

/// Declares an object type: its name, the node it is read from, and each field with its shape and code.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $table:ident = $name:literal costs $cost:literal, $variant:ident($it:ident), |$cx:ident, $args:ident| {
            $($field:literal $([$($arg:literal),*])?: $shape:expr => $get:expr;)*
        }
    ) => {
        $(#[$meta])*
        pub(in super::super) static $table: Type = Type {
            name: $name,
            cost: $cost,
            possible: &[],
            shared: &[],
            fields: &[$(Field {
                name: $field,
                args: &[$($($arg),*)?],
                shape: $shape,
                get: {
                    fn get<'a>($cx: &Cx<'a>, node: Node<'a>, $args: &Args) -> Out<'a> {
                        let Node::$variant($it) = node else { return Out::Null };
                        let _ = ($cx, &$it, $args);
                        Out::from($get)
                    }
                    get
                },
            }),*],
        };
    };
}
pub(super) use object;
