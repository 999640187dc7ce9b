import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@foreman/testing';

const MAIN = join(__dirname, '../../dist/apps/demo/main.js');
const WITHIN_MS = 60_000;

describe('the demo, interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends every process that it started and removes its folder on %s',
    async (signal) => {
      const demo = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'inherit'] });
      let story = '';
      demo.stdout.on('data', (chunk: Buffer) => (story += chunk.toString()));
      const match = (pattern: RegExp) =>
        eventually(String(pattern), () => pattern.exec(story)?.[1], WITHIN_MS / 2);
      const folder = await match(/its data in (\S+)/);
      const gatewayUrl = await match(/listens on (http[^\s,]+)/);
      await match(/job (\S+) is submitted/);
      expect(existsSync(folder)).toBe(true);

      demo.kill(signal);
      await once(demo, 'close');
      expect(demo.exitCode).toBe(130);
      expect(story).toContain('✘ Interrupted');
      expect(story).not.toContain('Not tidied up');
      expect(existsSync(folder)).toBe(false);
      await expect(fetch(`${gatewayUrl}/healthz`)).rejects.toThrow('fetch failed');
    },
    WITHIN_MS,
  );

  it('says how it is used, and refuses what it does not know', async () => {
    const run = async (flag: string) => {
      const demo = spawn(process.execPath, [MAIN, flag], { stdio: 'ignore' });
      await once(demo, 'close');
      return demo.exitCode;
    };
    await expect(run('--help')).resolves.toBe(0);
    await expect(run('--keeep')).resolves.toBe(1);
  });
});
