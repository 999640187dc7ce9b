import { NameLookups } from './name-lookups';

describe('NameLookups', () => {
  it('knows this machine', async () => {
    const addresses = await new NameLookups().resolve('localhost');
    expect(addresses.some((address) => ['127.0.0.1', '::1'].includes(address))).toBe(true);
  });

  it('fails as the system does', async () => {
    await expect(new NameLookups().resolve('no such name')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_)/),
    });
  });

  it('asks for a name once at a time, and anew afterwards, whatever the answer was', async () => {
    const asked: string[] = [];
    const settle: ((error?: Error) => void)[] = [];
    const lookups = new NameLookups(
      (host) =>
        new Promise((resolve, reject) => {
          asked.push(host);
          settle.push((error) =>
            error === undefined ? resolve([`10.0.0.${asked.length}`]) : reject(error),
          );
        }),
    );

    const tries = [lookups.resolve('dead.example'), lookups.resolve('dead.example')];
    const other = lookups.resolve('other.example');
    expect(asked).toEqual(['dead.example', 'other.example']);
    settle[1]?.();
    expect(await other).toEqual(['10.0.0.2']);
    settle[0]?.(new Error('no name server'));
    for (const each of tries) await expect(each).rejects.toThrow('no name server');

    const again = lookups.resolve('dead.example');
    settle[2]?.();
    expect(await again).toEqual(['10.0.0.3']);
    expect(asked).toHaveLength(3);
  });
});
