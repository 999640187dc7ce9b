import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROBLEM_KINDS } from '../../apps/gateway/http/problem-codes';
import { sectionOf } from './readme/markdown';

const DOCS = join(__dirname, '../../docs');
const PROTOCOL = readFileSync(join(DOCS, 'protocol.md'), 'utf8');

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function callsOfGateway(): string[] {
  const { paths } = JSON.parse(readFileSync(join(DOCS, 'openapi.json'), 'utf8')) as OpenApi;
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(
      (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    ),
  );
}

/** `METHOD /path` in code, wherever the document names one. */
function callsOfDocument(): Set<string> {
  const calls = PROTOCOL.matchAll(/`((?:GET|HEAD|POST|PUT|PATCH|DELETE) \/[^`\s?]*)[^`]*`/g);
  return new Set([...calls].map(([, call = '']) => call));
}

/** Served beside the API: these describe it. */
const DESCRIPTIONS = ['GET /docs', 'GET /openapi.json'];

describe('docs/protocol.md', () => {
  it('has every call that the gateway answers, and no other', () => {
    const documented = [...callsOfDocument()].filter((call) => !DESCRIPTIONS.includes(call));
    expect(documented.toSorted()).toEqual(callsOfGateway().toSorted());
  });

  it('says of every code what to do, beside its status', () => {
    const rows = [...sectionOf(PROTOCOL, 'Common to all').matchAll(/^\| (\d{3}) +\|([^|]+)\|/gm)];
    const documented = rows.flatMap(([, status = '', codes = '']) =>
      [...codes.matchAll(/`([^`]+)`/g)].map(([, code = '']) => `${code} ${status}`),
    );
    const known = Object.entries(PROBLEM_KINDS).map(([code, { status }]) => `${code} ${status}`);
    expect(documented.toSorted()).toEqual(known.toSorted());
  });
});
