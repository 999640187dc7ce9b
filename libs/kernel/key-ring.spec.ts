import { KeyRing } from './key-ring';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);

describe('KeyRing', () => {
  it('makes another key for each purpose and each secret, and the same one again', () => {
    const keys = [
      new KeyRing(OLD).derive('a').present,
      new KeyRing(OLD).derive('b').present,
      new KeyRing(NEW).derive('a').present,
    ];
    expect(new Set(keys.map(({ bytes }) => bytes.toString('hex'))).size).toBe(3);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(3);
    expect(new KeyRing(OLD).derive('a').present).toEqual(keys[0]);
  });

  it('makes with the present key, and knows the previous ones by the same ids as before', () => {
    const before = new KeyRing(OLD).derive('a');
    const { present, all } = new KeyRing(NEW, [OLD]).derive('a');
    expect(present).toEqual(new KeyRing(NEW).derive('a').present);
    expect(all).toEqual([present, before.present]);
  });

  it('tells nothing of the key by its id', () => {
    const { id, bytes } = new KeyRing(OLD).derive('a').present;
    expect(id).toMatch(/^[A-Za-z0-9_-]{8}$/);
    expect(bytes.includes(Buffer.from(id, 'base64url'))).toBe(false);
  });

  it('refuses what is too short to be a key', () => {
    expect(() => new KeyRing('x'.repeat(31))).toThrow(/secretKey must have at least 32 bytes/);
    expect(() => new KeyRing(NEW, [Buffer.alloc(31)])).toThrow(/previousSecretKeys/);
  });
});
