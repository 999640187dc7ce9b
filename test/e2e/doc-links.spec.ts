import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const LINK = /\]\(([^()\s]+)\)/g;
const HEADING = /^#{1,6} (.+)$/gm;

/** As GitHub makes an anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function documents(): string[] {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const ofRoot = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'];
  const all = [...ofRoot, ...inDocs.map((path) => join('docs', path))];
  return all.filter((path) => path.endsWith('.md'));
}

/** Code is not read for links: `a[0](b)` is not one. */
function proseOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8').replace(/^```.*?^```$/gms, '');
}

/** What a link means, or null when it is there. Links out of the repository are not looked at. */
function findingOf(from: string, target: string): string | null {
  if (/^[a-z]+:/.test(target)) return null;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(ROOT, from) : resolve(ROOT, dirname(from), path);
  if (!existsSync(file)) return `${from}: ${target} leads nowhere`;
  if (anchor === undefined || statSync(file).isDirectory()) return null;
  const headings = [...proseOf(relative(ROOT, file)).matchAll(HEADING)];
  const isThere = headings.some(([, heading = '']) => anchorOf(heading) === anchor);
  return isThere ? null : `${from}: ${target} names no heading`;
}

describe('links in the documents', () => {
  it.each(documents())('lead somewhere: %s', (path) => {
    const links = [...proseOf(path).matchAll(LINK)].map(([, target = '']) => target);
    expect(links.map((target) => findingOf(path, target)).filter((f) => f !== null)).toEqual([]);
  });

  it('would be found broken', () => {
    expect(findingOf('README.md', 'docs/no-such.md')).not.toBeNull();
    expect(findingOf('README.md', 'CONTRIBUTING.md#no-such-heading')).not.toBeNull();
    expect(findingOf('README.md', 'CONTRIBUTING.md#where-things-are')).toBeNull();
  });
});
