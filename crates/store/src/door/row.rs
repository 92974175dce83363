//! A row as it came from either engine. Reading a column checks its type strictly: what does not fit is a
//! [`Fault::Corrupt`] naming the column, never a guess and never a panic.

use std::sync::Arc;

use rusqlite::types::Value;
use tokio_postgres::types::Type;

use super::Fault;

/// One row of an answer, with its column names. `row.get("email")?` reads by name, `row.get(0)?` by position.
pub struct Row(Engine);

enum Engine {
    Sqlite {
        names: Arc<[String]>,
        values: Vec<Value>,
    },
    Postgres(tokio_postgres::Row),
}

impl Row {
    pub(super) fn sqlite(names: Arc<[String]>, values: Vec<Value>) -> Self {
        Self(Engine::Sqlite { names, values })
    }

    pub(super) fn postgres(row: tokio_postgres::Row) -> Self {
        Self(Engine::Postgres(row))
    }

    /// Reads one column as `String`, `i64`, `bool`, `Vec<u8>`, or an `Option` of one of these for a column that may be
    /// null.
    pub fn get<T: FromColumn>(&self, column: impl ColumnIndex) -> Result<T, Fault> {
        let names = self.names();
        let position = column.position(&names)?;
        T::from_cell(Cell(self, position)).map_err(|Mismatch| {
            let name = names.name(position);
            Fault::Corrupt(format!("column {name} is not {}", T::EXPECTED))
        })
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> Vec<&str> {
        let names = self.names();
        (0..names.len()).map(|i| names.name(i)).collect()
    }

    fn names(&self) -> Names<'_> {
        match &self.0 {
            Engine::Sqlite { names, .. } => Names::Sqlite(names),
            Engine::Postgres(row) => Names::Postgres(row.columns()),
        }
    }
}

/// A type a column can be read as. Closed: the four types of the dialect and their options.
pub trait FromColumn: Sized + sealed::Sealed {
    #[doc(hidden)]
    const EXPECTED: &'static str;
    #[doc(hidden)]
    fn from_cell(cell: Cell<'_>) -> Result<Self, Mismatch>;
}

/// A column's name or its position from 0. Closed: `&str` and `usize`.
pub trait ColumnIndex: Copy + sealed::Sealed {
    #[doc(hidden)]
    fn position(self, names: &Names<'_>) -> Result<usize, Fault>;
}

#[doc(hidden)]
pub struct Cell<'a>(&'a Row, usize);

#[doc(hidden)]
pub struct Mismatch;

#[doc(hidden)]
pub enum Names<'a> {
    Sqlite(&'a [String]),
    Postgres(&'a [tokio_postgres::Column]),
}

impl<'a> Names<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Sqlite(names) => names.len(),
            Self::Postgres(columns) => columns.len(),
        }
    }

    fn name(&self, position: usize) -> &'a str {
        match self {
            Self::Sqlite(names) => &names[position],
            Self::Postgres(columns) => columns[position].name(),
        }
    }
}

impl ColumnIndex for usize {
    fn position(self, names: &Names<'_>) -> Result<usize, Fault> {
        if self < names.len() {
            return Ok(self);
        }
        Err(Fault::Bug(
            format!("column {self} of a row with {} columns", names.len()).into(),
        ))
    }
}

impl ColumnIndex for &str {
    fn position(self, names: &Names<'_>) -> Result<usize, Fault> {
        (0..names.len())
            .find(|&i| names.name(i) == self)
            .ok_or_else(|| Fault::Bug(format!("no column {self} in the row").into()))
    }
}

impl FromColumn for String {
    const EXPECTED: &'static str = "TEXT";

    fn from_cell(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match &cell.0.0 {
            Engine::Sqlite { values, .. } => match &values[cell.1] {
                Value::Text(text) => Ok(text.clone()),
                _ => Err(Mismatch),
            },
            Engine::Postgres(row) => row.try_get(cell.1).map_err(|_| Mismatch),
        }
    }
}

impl FromColumn for i64 {
    const EXPECTED: &'static str = "BIGINT";

    fn from_cell(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match &cell.0.0 {
            Engine::Sqlite { values, .. } => match values[cell.1] {
                Value::Integer(n) => Ok(n),
                _ => Err(Mismatch),
            },
            // A literal such as `SELECT 1` is int4 on PostgreSQL.
            Engine::Postgres(row) if *row.columns()[cell.1].type_() == Type::INT4 => row
                .try_get::<_, i32>(cell.1)
                .map(Self::from)
                .map_err(|_| Mismatch),
            Engine::Postgres(row) => row.try_get(cell.1).map_err(|_| Mismatch),
        }
    }
}

impl FromColumn for bool {
    const EXPECTED: &'static str = "BOOLEAN";

    fn from_cell(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match &cell.0.0 {
            Engine::Sqlite { values, .. } => match values[cell.1] {
                Value::Integer(0) => Ok(false),
                Value::Integer(1) => Ok(true),
                _ => Err(Mismatch),
            },
            Engine::Postgres(row) => row.try_get(cell.1).map_err(|_| Mismatch),
        }
    }
}

impl FromColumn for Vec<u8> {
    const EXPECTED: &'static str = "BYTEA";

    fn from_cell(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match &cell.0.0 {
            Engine::Sqlite { values, .. } => match &values[cell.1] {
                Value::Blob(bytes) => Ok(bytes.clone()),
                _ => Err(Mismatch),
            },
            Engine::Postgres(row) => row.try_get(cell.1).map_err(|_| Mismatch),
        }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_cell(cell: Cell<'_>) -> Result<Self, Mismatch> {
        if cell.is_null() {
            Ok(None)
        } else {
            T::from_cell(cell).map(Some)
        }
    }
}

impl Cell<'_> {
    fn is_null(&self) -> bool {
        match &self.0.0 {
            Engine::Sqlite { values, .. } => matches!(values[self.1], Value::Null),
            Engine::Postgres(row) => matches!(row.try_get::<_, Anything>(self.1), Ok(Anything::Null)),
        }
    }
}

/// Reads a column of any PostgreSQL type, only to see whether it is null.
enum Anything {
    Null,
    Value,
}

impl tokio_postgres::types::FromSql<'_> for Anything {
    fn from_sql(_: &Type, _: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Value)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for String {}
    impl Sealed for i64 {}
    impl Sealed for bool {}
    impl Sealed for Vec<u8> {}
    impl<T: Sealed> Sealed for Option<T> {}
    impl Sealed for usize {}
    impl Sealed for &str {}
}
