import { Cleanup } from './cleanup';

describe('Cleanup', () => {
  it('undoes the last thing first, and one failure hides none of the others', async () => {
    const undone: string[] = [];
    const cleanup = new Cleanup();
    cleanup.later('folder', async () => undone.push('folder'));
    cleanup.later('gateway', () => Promise.reject(new Error('it hangs')));
    cleanup.later('agent', async () => undone.push('agent'));
    expect(await cleanup.run()).toEqual(['gateway: it hangs']);
    expect(undone).toEqual(['agent', 'folder']);
    expect(await cleanup.run()).toEqual([]);
  });
});
