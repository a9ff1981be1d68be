//! Enumerations with a word for each value: those a vendor may extend at any time, and our own closed ones.
//!
//! In the former, a word we do not know is kept as it came in `Other`, so that a new value is stored, shown and sent on, and never
//! fails a whole order. Words compare in lower case: the same state is `paid` in a webhook and `PAID` in GraphQL.

/// Declares an enumeration of lower-case words with an `Other` for words not listed, its parser and its text form.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word this version does not know, in lower case.
            Other(String),
        }

        impl $name {
            /// The word, in lower case.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }

            /// Every word this version knows.
            pub const KNOWN: &[&str] = &[$($word),+];

            /// Reads a word in any case.
            pub fn parse(word: &str) -> Self {
                let word = word.trim().to_ascii_lowercase();
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::parse(&<std::borrow::Cow<'de, str>>::deserialize(deserializer)?))
            }
        }
    };
}

/// Declares a closed enumeration of our own states with its text form; the word is what is stored and shown.
macro_rules! closed_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The state's word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Every word there is.
            pub const KNOWN: &[&str] = &[$($word),+];

            /// The state of this word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use closed_enum;
pub(crate) use open_enum;
