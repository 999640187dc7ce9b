import { RandomIds } from '@foreman/kernel';
import { SecretBox, UnreadableSecretError } from './secret-box';

const KEY = Buffer.alloc(32, 1);
const PLAIN = Buffer.from('a webhook secret of some bytes');

describe('SecretBox', () => {
  const box = new SecretBox(KEY, new RandomIds());

  it('opens what it sealed, and seals the same secret differently each time', () => {
    const [first, second] = [box.seal(PLAIN, 'owner'), box.seal(PLAIN, 'owner')];

    expect(box.open(first, 'owner')).toEqual(PLAIN);
    expect(first).not.toBe(second);
    expect(Buffer.from(first.slice(3), 'base64').includes(PLAIN)).toBe(false);
  });

  it('opens after a restart with the same key', () => {
    const sealed = box.seal(PLAIN, 'owner');

    expect(new SecretBox(KEY, new RandomIds()).open(sealed, 'owner')).toEqual(PLAIN);
  });

  it('refuses another key, another owner, and every changed byte', () => {
    const sealed = box.seal(PLAIN, 'owner');
    const bytes = Buffer.from(sealed.slice(3), 'base64');

    const otherBox = new SecretBox(Buffer.alloc(32, 2), new RandomIds());
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

  it.each(['', 'v1.', 'v2.AAAA', 'v1.AAAA', 'plain text'])('refuses %j', (sealed) => {
    expect(() => box.open(sealed, 'owner')).toThrow(UnreadableSecretError);
  });
});
