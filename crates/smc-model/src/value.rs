//! Values between the wire and the typed requests: validated, without names, in the order of the table.
//!
//! The typed requests are read from these by position, so a table and its type must come from one run of the
//! generator. A mismatch is answered as an internal error, never a panic.

/// A validated value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, a choice in its documented spelling, or an id.
    Text(String),
    /// A whole number.
    Integer(u64),
    /// A boolean.
    Boolean(bool),
    /// The elements of a repeated parameter, by rising index, gaps closed. Never empty.
    List(Vec<Value>),
    /// The members of an object.
    Object(Object),
}

/// Members of an object or operation: one place for each parameter of the table, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(pub Vec<Option<Value>>);

/// A type that is read from and written as a [`Value`].
pub trait Field: Sized {
    /// Reads itself; `None` if the value is of another kind than the table promises.
    fn read(value: Option<Value>) -> Option<Self>;
    /// Writes itself; `None` if there is nothing to send.
    fn write(&self) -> Option<Value>;
}

impl Field for String {
    fn read(value: Option<Value>) -> Option<Self> {
        match value? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn write(&self) -> Option<Value> {
        Some(Value::Text(self.clone()))
    }
}

impl Field for u64 {
    fn read(value: Option<Value>) -> Option<Self> {
        match value? {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    fn write(&self) -> Option<Value> {
        Some(Value::Integer(*self))
    }
}

impl Field for u32 {
    fn read(value: Option<Value>) -> Option<Self> {
        u64::read(value).and_then(|number| number.try_into().ok())
    }

    fn write(&self) -> Option<Value> {
        Some(Value::Integer(u64::from(*self)))
    }
}

impl Field for bool {
    fn read(value: Option<Value>) -> Option<Self> {
        match value? {
            Value::Boolean(flag) => Some(flag),
            _ => None,
        }
    }

    fn write(&self) -> Option<Value> {
        Some(Value::Boolean(*self))
    }
}

impl<T: Field> Field for Option<T> {
    fn read(value: Option<Value>) -> Option<Self> {
        match value {
            None => Some(None),
            present => T::read(present).map(Some),
        }
    }

    fn write(&self) -> Option<Value> {
        self.as_ref().and_then(Field::write)
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(value: Option<Value>) -> Option<Self> {
        match value {
            None => Some(Self::new()),
            Some(Value::List(values)) => values.into_iter().map(|value| T::read(Some(value))).collect(),
            Some(_) => None,
        }
    }

    fn write(&self) -> Option<Value> {
        if self.is_empty() { None } else { Some(Value::List(self.iter().filter_map(Field::write).collect())) }
    }
}

/// Implements [`Field`] for a struct, its members named in the order of the table.
macro_rules! object_fields {
    ($name:ident { $($member:ident),* $(,)? }) => {
        impl $crate::Field for $name {
            fn read(value: Option<$crate::Value>) -> Option<Self> {
                let Some($crate::Value::Object(object)) = value else { return None };
                #[allow(unused_mut, unused_variables, reason = "an operation may have no parameters")]
                let mut members = object.0.into_iter();
                Some(Self { $($member: $crate::Field::read(members.next()?)?,)* })
            }

            fn write(&self) -> Option<$crate::Value> {
                Some($crate::Value::Object($crate::Object(vec![$($crate::Field::write(&self.$member)),*])))
            }
        }
    };
}

/// Declares the type of a parameter with a fixed set of values, with its spelling on the wire.
macro_rules! choices {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
        }

        impl $name {
            /// Every value, in the documented order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The documented spelling.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value of exactly this spelling.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::Field for $name {
            fn read(value: Option<$crate::Value>) -> Option<Self> {
                match value? { $crate::Value::Text(text) => Self::from_text(&text), _ => None }
            }

            fn write(&self) -> Option<$crate::Value> {
                Some($crate::Value::Text(self.as_str().to_owned()))
            }
        }
    };
}

pub(crate) use {choices, object_fields};
