/// Zstandard for blocks: [ZstdCodec], which a store finds by itself.
///
/// @source Collet and Kucherawy, Zstandard Compression and the application/zstd Media Type, RFC
///   8878. The code is our own; the decoder takes what any encoder of the format makes, but for
///   dictionaries and checksums, and is total
@NullMarked
package dev.varve.zstd;

import org.jspecify.annotations.NullMarked;
