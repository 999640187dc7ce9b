import { makeDataFolder } from './harness';
import { runThrough } from '../faults/artifacts/run-through';

const WITHIN_MS = 300_000;
/** `npm run faults -- artifacts` has another one each time, and fifty kills. */
const SETTINGS = { seed: 11, kills: 6, workers: 4 };

describe('kill -9 while artifacts and inputs come, are published and are pruned', () => {
  it(
    'leaves no half artifact to be seen, loses none that was acknowledged, and the sweep leaves no orphaned bytes',
    async () => {
      const folder = await makeDataFolder();
      try {
        const record = await runThrough(SETTINGS, folder.path);
        expect(record.findings).toEqual([]);
        // It met what it is about: else finding nothing would say nothing.
        expect(record.cutCalls).toBeGreaterThan(0);
        expect(record.sweep.abandoned).toBeGreaterThan(0);
        expect(record.kills.some(({ artifactsRead }) => artifactsRead > 0)).toBe(true);
      } finally {
        await folder.remove();
      }
    },
    WITHIN_MS,
  );
});
