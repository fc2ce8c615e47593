//! The clock: the one place that reads it, for everything that takes its time as a parameter.

use jiff::Timestamp;

use crate::domain::data_hora::DataHora;

/// Now, to the second: down and not to the nearest, so that nothing happens in the future.
pub fn now() -> DataHora {
    DataHora::de_segundos(Timestamp::now().as_second()).unwrap_or(DataHora::LAST)
}
