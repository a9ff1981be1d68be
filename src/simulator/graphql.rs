//! What the simulators that speak GraphQL share of reading a document; what it means is each vendor's own affair.

/// The arguments of a field or directive as JSON, variables looked up by name. A macro, since the parser's value type
/// cannot be named from here.
macro_rules! arguments {
    ($of:expr, $lookup:expr) => {
        $of.arguments
            .iter()
            .map(|(name, value)| {
                let value = value
                    .node
                    .clone()
                    .into_const_with(|variable| {
                        let value: serde_json::Value = $lookup(variable.as_str());
                        Ok::<_, std::convert::Infallible>(serde_json::from_value(value).unwrap_or_default())
                    })
                    .ok()
                    .and_then(|value| value.into_json().ok())
                    .unwrap_or_default();
                (name.node.as_str().to_owned(), value)
            })
            .collect::<Vec<(String, serde_json::Value)>>()
    };
}
pub(super) use arguments;
