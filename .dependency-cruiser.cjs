/**
 * The layers of docs/adr (modular monolith): a lib imports only from the layers below its own, through
 * their index.ts; never sideways, never up. This array is the only place that says who stands where.
 */
const LAYERS = [
  ['kernel'],
  ['database'],
  ['access', 'jobs'],
  ['edges', 'progress', 'results', 'artifacts', 'webhooks', 'releases'],
  ['leasing'],
  ['retention'],
];

/** Libs for the other end of the wire. They know the contract, and no lib of the server but the kernel. */
const BESIDE = ['client', 'edge-sdk', 'gateway-http'];

const SERVER = LAYERS.flat();
const any = (names) => `(?:${names.join('|')})`;
const libs = (names) => `^libs/${any(names)}/`;

/** Specs and what only they import. */
const TESTS = '(\\.spec\\.ts$|/spec/|^test/|^libs/testing/)';

/** Nobody imports from a layer above. */
const noUpward = LAYERS.slice(0, -1).map((layer, height) => ({
  name: `no-upward-from-${layer.join('-')}`,
  comment: `Layer ${height} must not know what is built on it. Move the code down, or turn the call into a row, an event or a callback.`,
  severity: 'error',
  from: { path: libs(layer) },
  to: { path: libs(LAYERS.slice(height + 1).flat()) },
}));

/** Siblings speak only through rows. */
const noSideways = LAYERS.filter((layer) => layer.length > 1).map((layer) => ({
  name: `no-sideways-in-${layer[0]}`,
  comment:
    'Libs of one layer do not import each other: they share rows, and a lib above joins them.',
  severity: 'error',
  from: { path: `^libs/(${layer.join('|')})/` },
  to: { path: libs(layer), pathNot: '^libs/$1/' },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle cannot be understood, tested or moved one part at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'through-index',
      comment: "What a lib's index.ts does not export is its own business.",
      severity: 'error',
      from: { path: '^(?:libs/([^/]+)|apps|test)/' },
      to: { path: '^libs/[^/]+/.+', pathNot: ['^libs/[^/]+/index\\.ts$', '^libs/$1/'] },
    },
    ...noUpward,
    ...noSideways,
    {
      name: 'every-lib-has-a-layer',
      comment: 'A new lib is entered in LAYERS (or BESIDE) before it is written.',
      severity: 'error',
      from: { path: '^libs/', pathNot: libs([...SERVER, ...BESIDE, 'testing']) },
      to: {},
    },
    {
      name: 'beside-knows-no-server',
      comment:
        'The client and the edge SDK run on other machines: of the server they know the kernel only.',
      severity: 'error',
      from: { path: libs(BESIDE), pathNot: TESTS },
      to: { path: libs(SERVER.filter((lib) => lib !== 'kernel')) },
    },
    {
      name: 'server-knows-no-beside',
      comment: 'The server is called; it does not call itself through its own client.',
      severity: 'error',
      from: { path: [libs(SERVER), '^apps/gateway/'], pathNot: TESTS },
      to: { path: libs(BESIDE) },
    },
    {
      name: 'agent-and-demo-know-no-server',
      comment: 'The agent is shipped to edges, and the demo plays a service: both speak HTTP.',
      severity: 'error',
      from: { path: '^apps/(?:edge-agent|demo)/', pathNot: TESTS },
      to: { path: libs(SERVER.filter((lib) => lib !== 'kernel')) },
    },
    {
      name: 'testing-only-in-tests',
      comment: 'libs/testing is for specs, their spec/ folders and test/.',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'no-spec-in-code',
      comment: 'Code that runs in production must not need what only tests have.',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: '(\\.spec\\.ts$|/spec/|^test/)' },
    },
    {
      name: 'libs-know-no-app',
      comment: 'Libs are imported by services that have none of our applications.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-are-apart',
      comment: 'Each application is built and shipped by itself; what two share is a lib.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: TESTS },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'kernel-is-plain',
      comment: 'The kernel is used on edges too: no Nest, no TypeORM.',
      severity: 'error',
      from: { path: libs(['kernel']) },
      to: { path: 'node_modules/(?:@nestjs|typeorm|better-sqlite3)/' },
    },
    {
      name: 'beside-is-plain',
      comment: 'Callers of a gateway must not need its framework.',
      severity: 'error',
      from: { path: libs(BESIDE), pathNot: TESTS },
      to: { path: 'node_modules/(?:@nestjs|typeorm)/' },
    },
    {
      name: 'no-web-in-libs',
      comment:
        'Routes, timers and HTTP frameworks live in apps/: an importer gets none that it did not ask for.',
      severity: 'error',
      from: { path: libs(SERVER), pathNot: TESTS },
      to: {
        path: 'node_modules/(?:@nestjs/(?:schedule|swagger|platform-express)|express|helmet)/',
      },
    },
    {
      name: 'driver-only-in-database',
      comment:
        'What differs between SQLite and PostgreSQL lives in libs/database, nowhere else. An edge has an SQLite file of its own.',
      severity: 'error',
      from: { pathNot: ['^libs/database/', '^libs/edge-sdk/outbox/', TESTS] },
      to: { path: 'node_modules/better-sqlite3/' },
    },
    {
      name: 'no-dev-dependency-in-code',
      comment: 'It would be missing in production.',
      severity: 'error',
      from: { path: '^(?:apps|libs)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:dist|coverage|data)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};
