import { KeyRing, RandomIds } from '@foreman/kernel';
import { SecretBox, UnreadableSecretError } from './secret-box';

const KEY = Buffer.alloc(32, 1);
const PLAIN = Buffer.from('a webhook secret of some bytes');

describe('SecretBox', () => {
  const box = new SecretBox(new KeyRing(KEY), new RandomIds());

  it('opens what it sealed, and seals the same secret differently each time', () => {
    const [first, second] = [box.seal(PLAIN, 'owner'), box.seal(PLAIN, 'owner')];

    expect(box.open(first, 'owner')).toEqual(PLAIN);
    expect(first).not.toBe(second);
    expect(Buffer.from(first.slice(3), 'base64').includes(PLAIN)).toBe(false);
  });

  it('opens after a restart with the same key', () => {
    const sealed = box.seal(PLAIN, 'owner');

    expect(new SecretBox(new KeyRing(KEY), new RandomIds()).open(sealed, 'owner')).toEqual(PLAIN);
  });

  it('refuses another key, another owner, and every changed byte', () => {
    const sealed = box.seal(PLAIN, 'owner');
    const bytes = Buffer.from(sealed.slice(3), 'base64');

    const otherBox = new SecretBox(new KeyRing(Buffer.alloc(32, 2)), new RandomIds());
    expect(() => otherBox.open(sealed, 'owner')).toThrow(UnreadableSecretError);
    expect(() => box.open(sealed, 'another owner')).toThrow(UnreadableSecretError);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      expect(() => box.open(`v1.${changed.toString('base64')}`, 'owner')).toThrow(
        UnreadableSecretError,
      );
    }
  });

  it('opens what was sealed before keys could be rotated', () => {
    const sealed =
      'v1.AQEBAQEBAQEBAQEB4uaMeFmsO2WV5vInCueGCcVfrZ3bA+apYSG3//wAWpuFu5DYvuCk8B5O/K/3pg==';
    expect(box.open(sealed, 'owner')).toEqual(PLAIN);
  });

  it('opens what a previous key sealed, and seals with the present one', () => {
    const sealed = box.seal(PLAIN, 'owner');
    const next = Buffer.alloc(32, 2);
    const rotated = new SecretBox(new KeyRing(next, [KEY]), new RandomIds());

    expect(rotated.open(sealed, 'owner')).toEqual(PLAIN);
    expect(rotated.isOfPresentKey(sealed, 'owner')).toBe(false);
    const again = rotated.seal(PLAIN, 'owner');
    expect(rotated.isOfPresentKey(again, 'owner')).toBe(true);
    expect(new SecretBox(new KeyRing(next), new RandomIds()).open(again, 'owner')).toEqual(PLAIN);
    expect(() => box.open(again, 'owner')).toThrow(UnreadableSecretError);
    expect(() => rotated.open(sealed, 'another owner')).toThrow(UnreadableSecretError);
  });

  it.each(['', 'v1.', 'v2.AAAA', 'v1.AAAA', 'plain text'])('refuses %j', (sealed) => {
    expect(() => box.open(sealed, 'owner')).toThrow(UnreadableSecretError);
  });
});
