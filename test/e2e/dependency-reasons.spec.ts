import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The packages in the first cells of an ADR's tables. */
function packagesWithReason(adr: string): string[] {
  const firstCells = [...adr.matchAll(/^\|([^|]+)\|/gm)].map(([, cell = '']) => cell);
  return firstCells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

describe('docs/adr/0007-dependencies.md', () => {
  it('gives a reason for each dependency, and for no other', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
    const adr = readFileSync(join(ROOT, 'docs/adr/0007-dependencies.md'), 'utf8');
    const { dependencies, devDependencies } = manifest;
    const depended = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
    expect(packagesWithReason(adr).toSorted()).toEqual(depended.toSorted());
  });
});
