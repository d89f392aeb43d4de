// Byte strings.

/** The parts one after the other, copied. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The values as little-endian float32. */
export function littleEndianBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // NaN has many patterns; one stands for all.
    if (Number.isNaN(value)) view.setUint32(4 * i, 0x7fc00000, true);
    else view.setFloat32(4 * i, value, true);
  }
  return bytes;
}
