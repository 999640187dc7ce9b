import { fromFloatBlob, toFloatBlob } from './float-blob';

const NUMBERS = Float64Array.of(0, -1.5, 1e300, Number.NaN, 2 ** 53);

describe('numbers as a blob', () => {
  it.each([true, false])('come back (little endian: %s)', (isLittleEndian) => {
    const blob = Buffer.from(toFloatBlob(NUMBERS, isLittleEndian));
    expect(fromFloatBlob(blob, isLittleEndian)).toEqual(NUMBERS);
  });

  it('are little endian on every machine', () => {
    const bytes = Buffer.alloc(NUMBERS.byteLength);
    NUMBERS.forEach((number, index) => bytes.writeDoubleLE(number, index * 8));
    expect(toFloatBlob(NUMBERS)).toEqual(bytes);
    // What a big-endian machine holds in memory is the reverse of each number.
    const foreign = new Float64Array(new Uint8Array(Buffer.from(bytes).swap64()).buffer);
    expect(toFloatBlob(foreign, false)).toEqual(bytes);
  });

  it('come back from wherever they lie in memory', () => {
    const memory = Buffer.alloc(NUMBERS.byteLength + 3);
    toFloatBlob(NUMBERS).copy(memory, 3);
    expect(fromFloatBlob(memory.subarray(3))).toEqual(NUMBERS);
  });

  it('are whole, or refused', () => {
    expect(() => fromFloatBlob(Buffer.alloc(12))).toThrow(RangeError);
  });
});
