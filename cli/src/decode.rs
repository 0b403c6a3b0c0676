//! Values of records, by the schemas that they were written with.

use anyhow::bail;
use trunkline_kafka::Registry;
use trunkline_schemas::codec::{self, Decoder, Value};

/// Decodes a value; a schema that the decoder does not know yet is fetched from the registry.
pub(crate) async fn decode<T: Value>(
    registry: &Registry,
    decoder: &mut Decoder<T>,
    bytes: &[u8],
) -> anyhow::Result<T> {
    match decoder.decode(bytes) {
        Err(codec::Error::UnknownSchema { id }) => {
            let schema = registry.schema(id).await?;
            decoder.add_writer(id, &schema)?;
            Ok(decoder.decode(bytes)?)
        }
        Ok(value) => Ok(value),
        Err(error) => bail!(error),
    }
}
