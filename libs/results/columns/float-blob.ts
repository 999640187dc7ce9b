import { endianness } from 'node:os';

const FLOAT_BYTES = Float64Array.BYTES_PER_ELEMENT;
const IS_LITTLE_ENDIAN = endianness() === 'LE';

/** Numbers as a blob of 64-bit floats, little endian on every machine. Shares their memory where it can. */
export function toFloatBlob(numbers: Float64Array, isLittleEndian = IS_LITTLE_ENDIAN): Buffer {
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return isLittleEndian ? bytes : Buffer.from(bytes).swap64();
}

/** The numbers of such a blob. @throws RangeError when its length is not a whole number of floats. */
export function fromFloatBlob(blob: Buffer, isLittleEndian = IS_LITTLE_ENDIAN): Float64Array {
  if (isLittleEndian && blob.byteOffset % FLOAT_BYTES === 0) {
    return new Float64Array(blob.buffer, blob.byteOffset, floatsIn(blob));
  }
  const copy = new Uint8Array(blob);
  if (!isLittleEndian) Buffer.from(copy.buffer).swap64();
  return new Float64Array(copy.buffer, 0, floatsIn(blob));
}

function floatsIn({ byteLength }: Buffer): number {
  if (byteLength % FLOAT_BYTES !== 0) {
    throw new RangeError(`A column of ${byteLength} bytes is not of 64-bit floats`);
  }
  return byteLength / FLOAT_BYTES;
}
