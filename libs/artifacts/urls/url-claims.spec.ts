import * as fc from 'fast-check';
import { canonicalClaims, type UrlClaims } from './url-claims';

const BASE: UrlClaims = {
  method: 'GET',
  path: ['jobs', 'j1', 'artifacts', 'a'],
  params: { expires: '1', sha256: 'ab' },
};

/** Short texts of few characters, separators among them: so that pairs which differ only by a cut are met. */
const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', '/', '"', ',', '&', '=', '\n', '\\', '[', '\ud800'),
    maxLength: 3,
  }),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const claims: fc.Arbitrary<UrlClaims> = fc.record({
  method: fc.constantFrom('GET' as const, 'PUT' as const),
  path: fc.array(text, { maxLength: 4 }),
  params: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
});

describe('the text that is signed', () => {
  it('is never the same for two different claims', () => {
    fc.assert(
      fc.property(claims, claims, (a, b) => {
        const same = canonicalClaims(a) === canonicalClaims(b);
        expect(same).toBe(isSame(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  it('is another one when the same characters are cut elsewhere', () => {
    const separator = fc.constantFrom('/', '&', '=', ',', '","', '\n', '');
    const cuts = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(separator, cuts, cuts, (glue, first, second) => {
        const [a, b] = [first, second].map((cut) => pieces(glue, cut));
        fc.pre(a !== undefined && b !== undefined && a.join('|') !== b.join('|'));
        const paths = [a, b].map((path) => canonicalClaims({ ...BASE, path }));
        const queries = [a, b].map((texts) =>
          canonicalClaims({ ...BASE, params: Object.fromEntries(texts.map((t) => t.split(':'))) }),
        );
        expect([new Set(paths).size, new Set(queries).size]).toEqual([2, 2]);
      }),
    );
  });

  it.each<[string, UrlClaims]>([
    ['a segment cut elsewhere', { ...BASE, path: ['jobs', 'j1/artifacts', 'a'] }],
    ['a segment more', { ...BASE, path: [...BASE.path, ''] }],
    ['a value moved into a name', { ...BASE, params: { expires: '1', sha256ab: '' } }],
    ['two values as one', { ...BASE, params: { expires: '1,sha256=ab' } }],
    ['a value of another parameter', { ...BASE, params: { expires: 'ab', sha256: '1' } }],
    ['another method', { ...BASE, method: 'PUT' }],
  ])('is another one with %s', (_what, other) => {
    expect(canonicalClaims(other)).not.toBe(canonicalClaims(BASE));
  });

  it('does not depend on the order of the parameters', () => {
    const params = { sha256: 'ab', expires: '1' };
    expect(canonicalClaims({ ...BASE, params })).toBe(canonicalClaims(BASE));
  });

  it('is pinned: a change of it would end every URL that is out', () => {
    expect(canonicalClaims(BASE)).toBe(
      '["foreman url v1","GET",["jobs","j1","artifacts","a"],[["expires","1"],["sha256","ab"]]]',
    );
  });
});

/** Four parameters, each glued to the one before it or not: what naive joining would take for one another. */
function pieces(glue: string, cuts: readonly boolean[]): string[] {
  const texts = ['k0:v0'];
  for (const [index, isCut] of cuts.entries()) {
    const next = `k${index + 1}=v${index + 1}`;
    if (isCut) texts.push(next.replace('=', ':'));
    else texts.push(`${texts.pop() ?? ''}${glue}${next}`);
  }
  return texts;
}

function isSame(a: UrlClaims, b: UrlClaims): boolean {
  const namesOf = ({ params }: UrlClaims) => Object.keys(params);
  return (
    a.method === b.method &&
    a.path.length === b.path.length &&
    a.path.every((segment, index) => segment === b.path[index]) &&
    namesOf(a).length === namesOf(b).length &&
    namesOf(a).every((name) => Object.hasOwn(b.params, name) && a.params[name] === b.params[name])
  );
}
