//! What is bound to `$n`. Four types exist on both engines, and a null knows which of the four it is, because
//! PostgreSQL checks the type of a parameter before it looks at the value.

use super::Fault;

/// One bound value. Made with `From`, usually through [`args!`](crate::args).
///
/// Its `Debug` tells the type only: arguments are hashes of secrets and people's addresses.
#[derive(Clone)]
#[non_exhaustive]
pub enum Arg {
    /// TEXT, without NUL characters.
    Text(Option<String>),
    /// BIGINT: counts, and times in unix milliseconds.
    Int(Option<i64>),
    /// BOOLEAN.
    Bool(Option<bool>),
    /// BYTEA.
    Bytes(Option<Vec<u8>>),
}

impl std::fmt::Debug for Arg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Int(_) => "Int(..)",
            Self::Bool(_) => "Bool(..)",
            Self::Bytes(_) => "Bytes(..)",
        })
    }
}

/// The arguments of a statement, in the order of their numbers: `args![id, now]` binds `$1` and `$2`.
#[macro_export]
macro_rules! args {
    () => { &[] as &[$crate::Arg] };
    ($($value:expr),+ $(,)?) => { &[$($crate::Arg::from($value)),+] as &[$crate::Arg] };
}

/// Refuses on both engines what only one of them would refuse.
pub(super) fn check(args: &[Arg]) -> Result<(), Fault> {
    for (i, arg) in args.iter().enumerate() {
        if let Arg::Text(Some(text)) = arg
            && text.contains('\0')
        {
            return Err(Fault::Bug(
                format!("argument ${} contains a NUL character", i + 1).into(),
            ));
        }
    }
    Ok(())
}

macro_rules! from {
    ($($variant:ident: $($type:ty => $convert:expr),+;)+) => {$($(
        impl From<$type> for Arg {
            fn from(value: $type) -> Self {
                let convert: fn($type) -> _ = $convert;
                Self::$variant(Some(convert(value)))
            }
        }
        impl From<Option<$type>> for Arg {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )+)+};
}

from! {
    Text: &str => str::to_owned, &String => String::clone, String => |v| v;
    Int: i64 => |v| v, u32 => i64::from, i32 => i64::from;
    Bool: bool => |v| v;
    Bytes: &[u8] => <[u8]>::to_vec, &Vec<u8> => Vec::clone, Vec<u8> => |v| v, [u8; 32] => Vec::from, &[u8; 32] => |v| v.to_vec();
}

impl From<&Option<String>> for Arg {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}
