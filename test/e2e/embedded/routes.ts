import type { INestApplication } from '@nestjs/common';

interface Layer {
  readonly name: string;
  readonly route?: { readonly path: string };
}

/** Everything that Express would try for a request, in order: routes by their paths, the rest by name. */
export function routerLayers(app: INestApplication): string[] {
  const express = app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return express.router.stack.map(({ route, name }) => route?.path ?? `(${name})`);
}
