/**
 * Preloaded into worker threads that tests start from TypeScript sources:
 * compiles `.ts` with swc on require and resolves the `@foreman/*` aliases.
 * Production workers are plain JavaScript in dist/ and never load this.
 */
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { transformSync } = require('@swc/core');

const root = join(__dirname, '..');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    swcrc: false,
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
  });
  module._compile(code, filename);
};

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  const alias = /^@foreman\/([^/]+)$/.exec(request);
  return resolveFilename.call(
    this,
    alias ? join(root, 'libs', alias[1], 'index.ts') : request,
    ...rest,
  );
};
