import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, readSettings } from '../../apps/gateway/config/settings';
import { sectionOf } from './readme/markdown';

const ROOT = join(__dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Name to default, as the README's table has them; a default that is told in words is null. */
function settingsOfReadme(): Map<string, string | null> {
  const rows = sectionOf(README, 'Settings').matchAll(/^\| `([A-Z_]+)` *\| ([^|]+)\|/gm);
  return new Map(
    [...rows].map(([, name = '', cell = '']) => {
      const value = /^`([^`<]+)`$/.exec(cell.trim())?.[1] ?? null;
      return [name, value];
    }),
  );
}

/** Every variable that the gateway asks its environment for. */
function settingsOfGateway(): string[] {
  const asked: string[] = [];
  const get = (_: Environment, name: string) => void asked.push(name);
  readSettings(new Proxy<Environment>({}, { get: get as () => undefined }));
  return asked;
}

describe("the README's table of settings", () => {
  it('has every setting, as .env.example has', () => {
    const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
    const inExample = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name);
    const asked = settingsOfGateway().toSorted();
    expect([...settingsOfReadme().keys()].toSorted()).toEqual(asked);
    expect(inExample.toSorted()).toEqual(asked);
  });

  it('has the defaults that hold', () => {
    const told = [...settingsOfReadme()].filter(([, value]) => value !== null);
    expect(told.length).toBeGreaterThan(10);
    expect(readSettings(Object.fromEntries(told) as Environment)).toEqual(readSettings({}));
  });
});
