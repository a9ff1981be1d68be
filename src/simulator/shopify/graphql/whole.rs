//! The plan that asks for everything: all fields of an object and of what it holds, for reading back a whole order.
//!
//! Types refer to each other in circles; a type that is already being read on the way down is cut to its id, and a
//! field that the app may not read is left out.

use async_graphql_parser::Pos;
use serde_json::Value;

use super::plan::{Below, EdgeEntry, Objects, PageEntry, Plan, Planned};
use super::schema::{Args, Field, Shape, Type};

/// Everything about an object of this type.
pub(super) fn plan(of: &'static Type) -> Plan {
    everything(of, &mut Vec::new())
}

fn everything(of: &'static Type, on_the_way: &mut Vec<&'static str>) -> Plan {
    let mut fields = vec![planned("__typename", None, Args::default(), Below::Nothing)];
    on_the_way.push(of.name);
    for field in
        of.fields.iter().filter(|field| field.required().next().is_none() && field.name != "heldByApp")
    {
        let (args, below) = match field.shape {
            Shape::Leaf => (Args::default(), Below::Nothing),
            Shape::One(below) | Shape::Many(below) => {
                (Args::default(), Below::Objects(objects(below, on_the_way)))
            }
            Shape::Pages(below) => {
                let first = Args(vec![("first".to_owned(), Value::from(250))]);
                (first, Below::Pages(below, page(below, on_the_way)))
            }
        };
        fields.push(planned(field.name, Some(field), args, below));
    }
    on_the_way.pop();
    Plan(fields)
}

fn planned(key: &str, field: Option<&'static Field>, args: Args, below: Below) -> Planned {
    Planned { key: key.to_owned(), field, args, below, pos: Pos::default() }
}

fn objects(of: &'static Type, on_the_way: &mut Vec<&'static str>) -> Objects {
    let one = [of];
    let types = if of.is_abstract() { of.possible } else { &one };
    Objects(types.iter().map(|of| (*of, one_or_cut(of, on_the_way))).collect())
}

fn one_or_cut(of: &'static Type, on_the_way: &mut Vec<&'static str>) -> Plan {
    if !on_the_way.contains(&of.name) {
        return everything(of, on_the_way);
    }
    let mut fields = vec![planned("__typename", None, Args::default(), Below::Nothing)];
    fields.extend(of.field("id").map(|id| planned("id", Some(id), Args::default(), Below::Nothing)));
    Plan(fields)
}

fn page(of: &'static Type, on_the_way: &mut Vec<&'static str>) -> Vec<PageEntry> {
    let fields = ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"];
    vec![
        PageEntry::Typename("__typename".to_owned()),
        PageEntry::Nodes("nodes".to_owned(), objects(of, on_the_way)),
        PageEntry::Edges("edges".to_owned(), vec![EdgeEntry::Cursor("cursor".to_owned())]),
        PageEntry::PageInfo("pageInfo".to_owned(), fields.map(|name| (name.to_owned(), name)).to_vec()),
    ]
}
