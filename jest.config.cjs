/** Two projects: unit (beside the code) and e2e (whole application, real HTTP, real processes). */
const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json'],
  transform: {
    '^.+\\.(ts|m?js)$': [
      '@swc/jest',
      {
        swcrc: false,
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: false,
          },
          keepClassNames: true,
        },
      },
    ],
  },
  transformIgnorePatterns: [],
  moduleNameMapper: { '^@foreman/([^/]+)$': '<rootDir>/libs/$1/index.ts' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

module.exports = {
  // For tests and hooks alike: a whole gateway starts in 2 s, but not on a machine that does other things.
  testTimeout: 60_000,
  // Suites mostly wait, for disks and for processes of their own: one worker a core, the main process idles.
  maxWorkers: '100%',
  // Each suite loads Nest and TypeORM anew, and not all of it is given back: a worker of two gigabytes mostly collects
  // garbage.
  workerIdleMemoryLimit: '600MB',
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/libs/**/*.spec.ts', '<rootDir>/apps/**/*.spec.ts'],
    },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/**/*.spec.ts'] },
  ],
};
